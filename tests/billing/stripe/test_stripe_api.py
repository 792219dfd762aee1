"""The addresses of buying: what they answer, to whom, and that they grant nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from billing.models import CheckoutIntent, MessagePack
from billing.selectors import cache
from huntaze.kernel.tenancy import cross_workspace
from tests.billing.stripe.conftest import Shop
from tests.factories.accounts import MembershipFactory
from tests.factories.team import access_token

In = Callable[..., APIClient]


@pytest.fixture
def person(shop: Shop) -> In:
    """`person(role)` is a member of the shop's workspace in person, as a browser's program would be."""

    def make(role: str = "owner") -> APIClient:
        member = shop.owner if role == "owner" else MembershipFactory(workspace=shop.workspace, role=role)
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {access_token(member)}")
        return client

    return make


def test_a_checkout_gives_an_address_of_stripe_s(shop: Shop, person: In) -> None:
    answer = person().post("/api/billing/checkout", {"plan": "pro"}, format="json")
    assert answer.status_code == 200
    assert answer.json()["url"].startswith(f"{shop.sandbox.url}/stripe/pages/checkout/cs_test_")
    assert set(answer.json()) == {"url", "requestId"}
    session = shop.objects("checkout.session")[0]
    assert session["client_reference_id"] == shop.workspace.public_id
    assert (session["mode"], session["amount_total"], session["locale"]) == ("subscription", 2_900, "en")


def test_the_same_choice_is_the_same_session(shop: Shop, person: In) -> None:
    answers = [
        person().post("/api/billing/checkout", {"plan": "pro"}, format="json").json()["url"] for _ in range(3)
    ]
    assert len(set(answers)) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"plan": "free"},
        {"plan": "gold"},
        {"plan": "pro", "interval": "week"},
        {"plan": "pro", "currency": "XYZ"},
        {"plan": "pro", "currency": 7},
        {"plan": ["pro"]},
    ],
)
def test_what_is_not_sold_is_refused(shop: Shop, person: In, body: dict[str, Any]) -> None:
    answer = person().post("/api/billing/checkout", body, format="json")
    assert (answer.status_code, answer.json()["error"]) == (400, "Validation failed")
    with cross_workspace("test"):
        assert CheckoutIntent.objects.count() == 0


def test_who_has_a_subscription_changes_it_instead(shop: Shop, person: In) -> None:
    shop.subscribe("pro")
    answer = person().post("/api/billing/checkout", {"plan": "enterprise"}, format="json")
    assert (answer.status_code, answer.json()["error"]) == (409, "Already subscribed")


def test_a_pack_without_a_price_is_503_with_its_reason(shop: Shop, person: In) -> None:
    MessagePack.objects.update(amount_minor=None)
    answer = person().post("/api/billing/message-packs/checkout", {"pack": "25k"}, format="json")
    assert answer.status_code == 503
    assert (answer.json()["error"], answer.json()["reason"]) == (
        "Service temporarily unavailable",
        "pack_price_missing",
    )


def test_an_unknown_pack_is_400(shop: Shop, person: In) -> None:
    answer = person().post("/api/billing/message-packs/checkout", {"pack": "1m"}, format="json")
    assert answer.status_code == 400


def test_while_stripe_is_away_buying_is_503(shop: Shop, person: In) -> None:
    shop.sandbox.fault("status", dialect="stripe", params={"code": 503})
    client = person()
    for path, body in [
        ("checkout", {"plan": "pro"}),
        ("message-packs/checkout", {"pack": "25k"}),
        ("portal", {}),
    ]:
        answer = client.post(f"/api/billing/{path}", body, format="json")
        assert (answer.status_code, answer.json()["error"]) == (503, "Service temporarily unavailable")
        assert int(answer["Retry-After"]) >= 1
    assert client.get("/api/billing/subscription").status_code == 200


@pytest.mark.parametrize(
    "path", ["https://evil.example", "//evil.example", "/\\evil.example", "billing", "/a?next=//x"]
)
def test_the_portal_leads_back_to_us_only(shop: Shop, person: In, path: str) -> None:
    answer = person().post("/api/billing/portal", {"returnPath": path}, format="json")
    assert answer.status_code == 400


def test_the_portal_is_stripe_s(shop: Shop, person: In) -> None:
    answer = person().post("/api/billing/portal", {}, format="json")
    assert answer.json()["url"].startswith(f"{shop.sandbox.url}/stripe/pages/portal/")


def test_a_subscription_is_told(shop: Shop, person: In) -> None:
    shop.subscribe("pro")
    cache.forget()
    told = person().get("/api/billing/subscription").json()
    period = shop.record.current_period_end
    assert {name: told[name] for name in ("plan", "status", "access", "interval", "amount", "currency")} == {
        "plan": "pro",
        "status": "active",
        "access": "full",
        "interval": "month",
        "amount": "29.00",
        "currency": "USD",
    }
    assert told["currentPeriodEnd"].startswith(period.strftime("%Y-%m-%dT%H:%M:%S"))
    assert told["paymentMethod"] == {"brand": "visa", "last4": "4242", "expMonth": 12, "expYear": 2034}
    assert (told["pendingChange"], told["graceEndsAt"], told["cancelAtPeriodEnd"]) == (None, None, False)
    assert (told["limits"]["messages"], told["limits"]["scheduling"]) == (5_000, True)


def test_without_a_subscription_it_is_free(shop: Shop, person: In) -> None:
    told = person().get("/api/billing/subscription").json()
    assert (told["plan"], told["status"], told["access"], told["amount"]) == ("free", "none", "free", None)


def test_invoices_are_told(shop: Shop, person: In) -> None:
    shop.subscribe("pro")
    told = person().get("/api/billing/invoices").json()
    assert (told["total"], told["invoices"][0]["total"], told["invoices"][0]["status"]) == (
        1,
        "29.00",
        "paid",
    )


def test_a_change_is_shown_then_made(shop: Shop, person: In) -> None:
    shop.subscribe("pro")
    client, wanted = person(), {"plan": "enterprise", "interval": "month"}
    shown = client.post("/api/billing/subscription/preview", wanted, format="json").json()
    assert (shown["effective"], shown["currency"]) == ("now", "USD")
    body = wanted | {"prorationDate": shown["prorationDate"]}
    assert client.post("/api/billing/subscription/change", body, format="json").json() == {"effective": "now"}
    assert shop.objects("invoice")[-1]["amount_paid"] == round(float(shown["amountDue"]) * 100)


def test_cancel_and_resume(shop: Shop, person: In) -> None:
    shop.subscribe("pro")
    client = person()
    for deed, ends in (("cancel", True), ("resume", False)):
        assert client.post(f"/api/billing/subscription/{deed}").json() == {"success": True}
        assert shop.objects("subscription")[0]["cancel_at_period_end"] is ends


@pytest.mark.parametrize("role", ["manager", "chatter"])
def test_only_the_owner_buys(shop: Shop, person: In, role: str) -> None:
    client = person(role)
    for path in ("checkout", "message-packs/checkout", "portal", "subscription/cancel"):
        assert client.post(f"/api/billing/{path}", {"plan": "pro"}, format="json").status_code == 403
    assert client.get("/api/billing/subscription").status_code == (200 if role == "manager" else 403)
    with cross_workspace("test"):
        assert CheckoutIntent.objects.count() == 0


def test_the_success_page_grants_nothing(shop: Shop, client: Any) -> None:
    intent = shop.start_pack()
    client.force_login(shop.owner.user)
    answer = client.get(f"/billing/return?checkout={intent.public_id}&session={intent.session_id}")
    assert answer.status_code == 200
    shop.work()
    assert shop.grants() == []
    intent.refresh_from_db()
    assert intent.state == "open"


def test_somebody_else_s_purchase_does_not_exist(shop: Shop, client: Any) -> None:
    intent = shop.start_pack()
    client.force_login(MembershipFactory(role="owner").user)
    assert client.get(f"/billing/return?checkout={intent.public_id}").status_code == 404
