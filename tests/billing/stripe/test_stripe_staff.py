"""What staff do for a workspace's money: refunds and longer graces, each with a reason."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from accounts.services.audit import Actor
from billing.errors import NothingToRefund
from billing.models import CheckoutIntent, ReconciliationFinding, StripeEvent
from billing.selectors import cache
from billing.selectors.standing import standing
from billing.services.stripe import staff
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from tests.billing.stripe.conftest import Shop
from tests.factories.accounts import UserFactory


@pytest.fixture
def desk(db: None) -> Client:
    person: User = UserFactory(is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(person)
    return client


def bought(shop: Shop) -> CheckoutIntent:
    intent = shop.start_pack()
    shop.pay(intent)
    shop.settle()
    intent.refresh_from_db()
    return intent


def act(desk: Client, page: str, action: str, pk: int, reason: str) -> None:
    body = {"action": action, "_selected_action": [pk], "reason": reason}
    assert desk.post(f"/admin/billing/{page}/", body).status_code == 302


def test_a_refund_takes_the_credits_without_any_webhook(shop: Shop, desk: Client) -> None:
    intent = bought(shop)
    act(desk, "checkoutintent", "refund", intent.pk, "asked by mail")
    shop.work()
    assert shop.grants() == [("pack", "message", 25_000, 0)]
    assert shop.objects("refund")[0]["amount"] == 4_900
    with cross_workspace("test"):
        row = AuditEvent.objects.get(action="billing.pack.refunded")
    assert (row.actor_kind, row.reason, row.target) == ("staff", "asked by mail", intent.public_id)


def test_without_a_reason_nothing_is_refunded(shop: Shop, desk: Client) -> None:
    act(desk, "checkoutintent", "refund", bought(shop).pk, " ")
    assert shop.objects("refund") == []


def test_what_is_given_back_is_not_given_back_again(shop: Shop) -> None:
    intent = bought(shop)
    actor = Actor.staff(shop.owner.user_id)
    with cross_workspace("test"):
        staff.refund_pack(intent=intent, reason="once", actor=actor, now=shop.now())
        with pytest.raises(NothingToRefund):
            staff.refund_pack(
                intent=intent, reason="again", actor=actor, now=shop.now() + timedelta(minutes=2)
            )
    assert len(shop.objects("refund")) == 1


def test_what_was_not_paid_is_not_refunded(shop: Shop) -> None:
    with cross_workspace("test"), pytest.raises(NothingToRefund):
        staff.refund_pack(
            intent=shop.start_pack(), reason="no", actor=Actor.staff(shop.owner.user_id), now=shop.now()
        )


def test_a_longer_grace_keeps_the_access_and_ends_with_the_payment(shop: Shop, desk: Client) -> None:
    shop.subscribe("pro")
    customer = shop.record.stripe_customer_id
    shop.control("POST", f"customers/{customer}/card", {"card": "pm_card_chargeDeclined"})
    shop.advance(days=32)
    shop.settle()
    since = shop.record.past_due_since
    assert since is not None
    act(desk, "subscriptionrecord", "extend_grace", shop.record.pk, "bank holiday")
    cache.forget()
    with workspace_scope(shop.workspace.pk):
        found = [standing(shop.workspace.pk, since + timedelta(hours=hours)).access for hours in (143, 145)]
    assert found == ["full", "read_only"]
    shop.control("POST", f"customers/{customer}/card", {"card": "pm_card_visa"})
    shop.advance(days=4)
    shop.settle()
    assert (shop.record.status, shop.record.grace_hours) == ("active", None)


def test_a_finding_is_accepted_with_a_reason(shop: Shop, desk: Client) -> None:
    now = shop.now()
    row = ReconciliationFinding.objects.create(
        kind="pack_unknown", object_id="cs_1", first_seen_at=now, last_seen_at=now
    )
    act(desk, "reconciliationfinding", "accept_as_known", row.pk, "sold by hand")
    row.refresh_from_db()
    assert (row.state, row.reason) == ("accepted", "sold by hand")


def test_a_dead_letter_is_worked_on_again(shop: Shop, desk: Client) -> None:
    shop.pay(shop.start_pack())
    shop.deliver()
    StripeEvent.objects.update(state="failed", attempts=7)
    row = StripeEvent.objects.get(type="checkout.session.completed")
    act(desk, "stripeevent", "work_again", row.pk, "")
    shop.work()
    row.refresh_from_db()
    assert (row.state, row.outcome) == ("done", "applied")
    assert len(shop.grants()) == 1
