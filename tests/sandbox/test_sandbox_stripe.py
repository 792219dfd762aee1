"""The sandbox's Stripe is good enough when the unmodified SDK can't tell."""

import time
from typing import Any

import httpx
import pytest
import stripe

from tests.sandbox.server import Receiver, Sandbox, flush

KEY = "sk_test_sandbox00000000000123456789"
SECRET = "whsec_for_these_tests"


@pytest.fixture
def client(sandbox: Sandbox) -> stripe.StripeClient:
    return stripe.StripeClient(
        KEY,
        base_addresses={"api": f"{sandbox.url}/stripe"},
        max_network_retries=0,
        http_client=stripe.RequestsClient(timeout=(3, 5)),
    )


@pytest.fixture
def prices(client: stripe.StripeClient) -> dict[str, str]:
    """Ids by lookup key: two plans by the month, one by the year, and a pack."""
    found = {}
    for key, amount, interval in [
        ("pro_month", 2900, "month"),
        ("enterprise_month", 9900, "month"),
        ("pro_year", 29000, "year"),
        ("pack", 1900, ""),
    ]:
        product = client.v1.products.create({"name": f"Huntaze {key}"})
        params: Any = {"product": product.id, "currency": "usd", "unit_amount": amount, "lookup_key": key}
        if interval:
            params["recurring"] = {"interval": interval}
        found[key] = client.v1.prices.create(params).id
    return found


@pytest.fixture
def customer(client: stripe.StripeClient) -> Any:
    return client.v1.customers.create({"email": "owner@example.com", "payment_method": "pm_card_visa"})


def _session(client: stripe.StripeClient, customer: Any, price: str, mode: Any, **more: Any) -> Any:
    return client.v1.checkout.sessions.create(
        {
            "mode": mode,
            "customer": customer.id,
            "line_items": [{"price": price, "quantity": 1}],
            "success_url": "http://127.0.0.1:1/done?session={CHECKOUT_SESSION_ID}",
            "cancel_url": "http://127.0.0.1:1/back",
            **more,
        }
    )


def _subscription(client: stripe.StripeClient, customer: Any, price: str) -> Any:
    return client.v1.subscriptions.create({"customer": customer.id, "items": [{"price": price}]})


def _events(client: stripe.StripeClient) -> list[str]:
    return [event.type for event in client.v1.events.list({"limit": 100}).data][::-1]


def test_it_finds_prices_by_their_lookup_keys(client: stripe.StripeClient, prices: dict[str, str]) -> None:
    found = client.v1.prices.list({"lookup_keys": ["pro_month", "pack"], "active": True})
    assert {price.lookup_key: price.unit_amount for price in found.data} == {"pro_month": 2900, "pack": 1900}


def test_it_pays_a_subscription_on_the_hosted_page(
    client: stripe.StripeClient, customer: Any, prices: dict[str, str]
) -> None:
    session = _session(
        client,
        customer,
        prices["pro_month"],
        "subscription",
        client_reference_id="wsp_1",
        subscription_data={"metadata": {"workspace": "wsp_1"}},
    )
    assert "Huntaze pro_month" in httpx.get(session.url).text
    answer = httpx.post(session.url, data={"deed": "pay"})
    assert answer.headers["location"] == f"http://127.0.0.1:1/done?session={session.id}"
    done = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription.latest_invoice"]})
    assert (done.status, done.payment_status, done.client_reference_id) == ("complete", "paid", "wsp_1")
    assert done.subscription.status == "active"
    assert done.subscription.metadata["workspace"] == "wsp_1"
    assert done.subscription.latest_invoice.amount_paid == 2900
    assert done.subscription["items"].data[0].price.lookup_key == "pro_month"


def test_a_declined_card_leaves_the_session_open(
    client: stripe.StripeClient, customer: Any, prices: dict[str, str]
) -> None:
    session = _session(client, customer, prices["pack"], "payment")
    page = httpx.post(session.url, data={"deed": "decline"})
    assert "Your card was declined." in page.text
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"


def test_3ds_asks_and_only_then_pays(
    client: stripe.StripeClient, customer: Any, prices: dict[str, str]
) -> None:
    session = _session(client, customer, prices["pack"], "payment")
    assert "is it you?" in httpx.post(session.url, data={"deed": "3ds"}).text
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "unpaid"
    httpx.post(session.url, data={"deed": "confirm"})
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_going_back_pays_nothing(client: stripe.StripeClient, customer: Any, prices: dict[str, str]) -> None:
    session = _session(client, customer, prices["pack"], "payment")
    answer = httpx.post(session.url, data={"deed": "cancel"})
    assert answer.headers["location"] == "http://127.0.0.1:1/back"
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"


def test_a_slow_payment_settles_later(
    client: stripe.StripeClient, sandbox: Sandbox, customer: Any, prices: dict[str, str]
) -> None:
    session = _session(client, customer, prices["pack"], "payment", invoice_creation={"enabled": True})
    sandbox.control("POST", f"stripe/sessions/{session.id}/pay", {"async": True})
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "unpaid"
    sandbox.control("POST", f"stripe/sessions/{session.id}/settle", {"paid": True})
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"
    assert _events(client)[-1] == "checkout.session.async_payment_succeeded"


def test_an_upgrade_is_charged_what_the_preview_said(
    client: stripe.StripeClient, customer: Any, prices: dict[str, str]
) -> None:
    row = _subscription(client, customer, prices["pro_month"])
    item = {"id": row["items"].data[0].id, "price": prices["enterprise_month"]}
    moment = int(time.time()) + 86_400
    preview = client.v1.invoices.create_preview(
        {
            "subscription": row.id,
            "subscription_details": {
                "items": [item],
                "proration_date": moment,
                "proration_behavior": "always_invoice",
            },
        }
    )
    changed = client.v1.subscriptions.update(
        row.id,
        {
            "items": [item],
            "proration_behavior": "always_invoice",
            "payment_behavior": "pending_if_incomplete",
            "proration_date": moment,
            "expand": ["latest_invoice"],
        },
    )
    assert changed["items"].data[0].price.lookup_key == "enterprise_month"
    assert changed.latest_invoice.amount_paid == preview.amount_due
    assert 6000 < preview.amount_due < 7000


def test_an_unpaid_upgrade_waits(
    client: stripe.StripeClient, sandbox: Sandbox, customer: Any, prices: dict[str, str]
) -> None:
    row = _subscription(client, customer, prices["pro_month"])
    sandbox.control("POST", f"stripe/customers/{customer.id}/card", {"card": "pm_card_chargeDeclined"})
    changed = client.v1.subscriptions.update(
        row.id,
        {
            "items": [{"id": row["items"].data[0].id, "price": prices["enterprise_month"]}],
            "proration_behavior": "always_invoice",
            "payment_behavior": "pending_if_incomplete",
        },
    )
    assert changed["items"].data[0].price.lookup_key == "pro_month"
    assert changed.pending_update is not None
    sandbox.control("POST", f"stripe/customers/{customer.id}/card", {"card": "pm_card_visa"})
    client.v1.invoices.pay(changed.latest_invoice)
    after = client.v1.subscriptions.retrieve(row.id)
    assert (after["items"].data[0].price.lookup_key, after.pending_update) == ("enterprise_month", None)


def test_a_schedule_changes_the_plan_at_the_period_s_end(
    client: stripe.StripeClient, sandbox: Sandbox, customer: Any, prices: dict[str, str]
) -> None:
    row = _subscription(client, customer, prices["enterprise_month"])
    item = row["items"].data[0]
    schedule = client.v1.subscription_schedules.create({"from_subscription": row.id})
    client.v1.subscription_schedules.update(
        schedule.id,
        {
            "end_behavior": "release",
            "phases": [
                {
                    "items": [{"price": prices["enterprise_month"], "quantity": 1}],
                    "start_date": item.current_period_start,
                    "end_date": item.current_period_end,
                },
                {"items": [{"price": prices["pro_month"], "quantity": 1}]},
            ],
        },
    )
    assert client.v1.subscriptions.retrieve(row.id).schedule == schedule.id
    sandbox.control("POST", f"stripe/subscriptions/{row.id}/end_period")
    after = client.v1.subscriptions.retrieve(row.id)
    assert (after["items"].data[0].price.lookup_key, after.schedule) == ("pro_month", None)


def test_time_brings_the_next_invoice_and_a_bad_card_past_due_then_the_end(
    client: stripe.StripeClient, sandbox: Sandbox, customer: Any, prices: dict[str, str]
) -> None:
    row = _subscription(client, customer, prices["pro_month"])
    sandbox.control("POST", "clock", {"advanceSeconds": 32 * 86_400})
    rolled = client.v1.subscriptions.retrieve(row.id)
    assert rolled.status == "active"
    assert rolled["items"].data[0].current_period_start == row["items"].data[0].current_period_end
    sandbox.control("POST", f"stripe/customers/{customer.id}/card", {"card": "pm_card_chargeDeclined"})
    sandbox.control("POST", "clock", {"advanceSeconds": 31 * 86_400})
    assert client.v1.subscriptions.retrieve(row.id).status == "past_due"
    sandbox.control("POST", "clock", {"advanceSeconds": 30 * 86_400})
    assert client.v1.subscriptions.retrieve(row.id).status == "canceled"


def test_cancelling_at_the_period_s_end_and_taking_it_back(
    client: stripe.StripeClient, sandbox: Sandbox, customer: Any, prices: dict[str, str]
) -> None:
    row = _subscription(client, customer, prices["pro_month"])
    assert client.v1.subscriptions.update(row.id, {"cancel_at_period_end": True}).cancel_at_period_end is True
    assert (
        client.v1.subscriptions.update(row.id, {"cancel_at_period_end": False}).cancel_at_period_end is False
    )
    client.v1.subscriptions.update(row.id, {"cancel_at_period_end": True})
    sandbox.control("POST", f"stripe/subscriptions/{row.id}/end_period")
    assert client.v1.subscriptions.retrieve(row.id).status == "canceled"
    assert _events(client)[-1] == "customer.subscription.deleted"


def test_refunds_add_up_and_can_fail(
    client: stripe.StripeClient, sandbox: Sandbox, customer: Any, prices: dict[str, str]
) -> None:
    session = _session(client, customer, prices["pack"], "payment")
    sandbox.control("POST", f"stripe/sessions/{session.id}/pay", {})
    intent = client.v1.checkout.sessions.retrieve(session.id).payment_intent
    first = client.v1.refunds.create({"payment_intent": intent, "amount": 900})
    charge = client.v1.charges.retrieve(first.charge, {"expand": ["refunds"]})
    assert (charge.amount_refunded, charge.refunded, len(charge.refunds.data)) == (900, False, 1)
    with pytest.raises(stripe.InvalidRequestError, match="greater than"):
        client.v1.refunds.create({"payment_intent": intent, "amount": 1001})
    sandbox.control("POST", f"stripe/refunds/{first.id}/fail")
    assert client.v1.charges.retrieve(first.charge).amount_refunded == 0


def test_a_dispute_is_lost(
    client: stripe.StripeClient, sandbox: Sandbox, customer: Any, prices: dict[str, str]
) -> None:
    session = _session(client, customer, prices["pack"], "payment")
    sandbox.control("POST", f"stripe/sessions/{session.id}/pay", {})
    charge = client.v1.charges.list({"customer": customer.id}).data[0]
    made = sandbox.control("POST", f"stripe/charges/{charge.id}/dispute", {})
    assert client.v1.disputes.retrieve(made["id"]).status == "needs_response"
    sandbox.control("POST", f"stripe/disputes/{made['id']}/close", {"won": False})
    assert client.v1.disputes.retrieve(made["id"]).status == "lost"
    assert _events(client)[-1] == "charge.dispute.closed"


def test_the_portal_cancels_and_goes_back(
    client: stripe.StripeClient, customer: Any, prices: dict[str, str]
) -> None:
    row = _subscription(client, customer, prices["pro_month"])
    portal = client.v1.billing_portal.sessions.create(
        {"customer": customer.id, "return_url": "http://127.0.0.1:1/billing"}
    )
    httpx.post(portal.url, data={"deed": "cancel"})
    assert client.v1.subscriptions.retrieve(row.id).cancel_at_period_end is True
    assert httpx.post(portal.url, data={"deed": "back"}).headers["location"] == "http://127.0.0.1:1/billing"


# keys, pages, errors -----------------------------------------------------------------------------


def test_the_same_key_gives_the_same_answer(client: stripe.StripeClient) -> None:
    first = client.v1.customers.create({"email": "a@example.com"}, {"idempotency_key": "k1"})
    again = client.v1.customers.create({"email": "a@example.com"}, {"idempotency_key": "k1"})
    assert again.id == first.id
    assert again.last_response.headers["idempotent-replayed"] == "true"
    assert len(client.v1.customers.list().data) == 1


def test_the_same_key_with_another_body_is_refused(client: stripe.StripeClient) -> None:
    client.v1.customers.create({"email": "a@example.com"}, {"idempotency_key": "k1"})
    with pytest.raises(stripe.IdempotencyError):
        client.v1.customers.create({"email": "b@example.com"}, {"idempotency_key": "k1"})


def test_an_answer_that_was_lost_is_found_under_its_key(
    client: stripe.StripeClient, sandbox: Sandbox
) -> None:
    sandbox.fault("reset_after", dialect="stripe", match={"method": "POST"}, count=1)
    with pytest.raises(stripe.APIConnectionError):
        client.v1.customers.create({"email": "a@example.com"}, {"idempotency_key": "k1"})
    again = client.v1.customers.create({"email": "a@example.com"}, {"idempotency_key": "k1"})
    assert [row.id for row in client.v1.customers.list().data] == [again.id]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "rate_limit"}, stripe.RateLimitError),
        ({"kind": "status", "params": {"code": 500}}, stripe.APIError),
        ({"kind": "status", "params": {"code": 402}}, stripe.CardError),
        ({"kind": "reset_before"}, stripe.APIConnectionError),
    ],
)
def test_trouble_is_stripe_s_own(
    client: stripe.StripeClient, sandbox: Sandbox, fault: dict[str, Any], error: type[Exception]
) -> None:
    sandbox.control("POST", "faults", {"dialect": "stripe", **fault})
    with pytest.raises(error):
        client.v1.customers.create({"email": "a@example.com"})


def test_a_wrong_key_is_refused(sandbox: Sandbox) -> None:
    stranger = stripe.StripeClient(
        "sk_test_another0000000000000000", base_addresses={"api": f"{sandbox.url}/stripe"}
    )
    with pytest.raises(stripe.AuthenticationError):
        stranger.v1.customers.list()


def test_what_is_missing_says_so(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.subscriptions.retrieve("sub_none")
    assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")


def test_pages_of_a_list_follow_each_other(client: stripe.StripeClient) -> None:
    made = [client.v1.customers.create({"name": str(number)}).id for number in range(7)]
    rows = client.v1.customers.list({"limit": 3})
    assert [row.id for row in rows.auto_paging_iter()] == made[::-1]


# webhooks ----------------------------------------------------------------------------------------


@pytest.fixture
def listening(sandbox: Sandbox, receiver: Receiver) -> Receiver:
    sandbox.control("POST", "stripe/listen", {"url": receiver.url, "secret": SECRET})
    return receiver


def test_webhooks_are_signed_as_the_sdk_checks(
    client: stripe.StripeClient, sandbox: Sandbox, listening: Receiver
) -> None:
    made = client.v1.customers.create({"email": "a@example.com"})
    flush(sandbox)
    headers, body = listening.got[0]
    event = stripe.Webhook.construct_event(body, headers["stripe-signature"], SECRET)
    assert (event.type, event.data.object.id, event.livemode) == ("customer.created", made.id, False)


@pytest.mark.parametrize("kind", ["bad_signature", "wrong_secret", "old_timestamp"])
def test_bad_signatures_are_bad(
    client: stripe.StripeClient, sandbox: Sandbox, listening: Receiver, kind: str
) -> None:
    sandbox.fault(kind)
    client.v1.customers.create({"email": "a@example.com"})
    flush(sandbox)
    headers, body = listening.got[0]
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.WebhookSignature.verify_header(body.decode(), headers["stripe-signature"], SECRET, 300)


def test_webhooks_come_twice_and_out_of_order(
    client: stripe.StripeClient, sandbox: Sandbox, listening: Receiver
) -> None:
    sandbox.fault("duplicate", match={"event": "customer.created"})
    sandbox.fault("reorder", match={"event": "product.created"}, params={"window": 4})
    client.v1.customers.create({"email": "a@example.com"})
    made = [client.v1.products.create({"name": str(number)}).id for number in range(4)]
    flush(sandbox)
    types = [row["type"] for row in listening.bodies()]
    came = [row["data"]["object"]["id"] for row in listening.bodies() if row["type"] == "product.created"]
    assert types.count("customer.created") == 2
    assert sorted(came) == sorted(made)
    assert came != made


def test_an_event_is_found_again_in_the_list(client: stripe.StripeClient, sandbox: Sandbox) -> None:
    start = int(time.time()) - 5
    made = client.v1.customers.create({"email": "a@example.com"})
    found = client.v1.events.list({"created": {"gte": start}, "types": ["customer.created"], "limit": 100})
    assert [event.data.object.id for event in found.data] == [made.id]
