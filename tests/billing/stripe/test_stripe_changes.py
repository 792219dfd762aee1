"""A subscription's life after it was bought: changes, failures, its end."""

from datetime import timedelta

import pytest

from billing.errors import AlreadySubscribed, NoChange, NoSubscription, PaymentRefused
from billing.models import StripeEvent, SubscriptionHistory
from billing.selectors import cache
from billing.selectors.standing import standing
from billing.services.stripe import changes, inbox
from billing.types import Access, Standing
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from tests.billing.stripe.conftest import Shop


def change(shop: Shop, plan: str, interval: str = "month", moment: int | None = None) -> str:
    with workspace_scope(shop.workspace.pk):
        return changes.change(
            workspace=shop.workspace,
            plan=plan,
            interval=interval,
            proration_date=moment,
            actor=shop.actor,
            now=shop.now(),
        )


def at(shop: Shop, **later: float) -> Standing:
    cache.forget()
    with workspace_scope(shop.workspace.pk):
        return standing(shop.workspace.pk, shop.now() + timedelta(**later))


def card(shop: Shop, name: str) -> None:
    customer = shop.record.stripe_customer_id
    shop.control("POST", f"customers/{customer}/card", {"card": name})


def cancel(shop: Shop) -> None:
    with workspace_scope(shop.workspace.pk):
        changes.cancel(workspace=shop.workspace, actor=shop.actor, now=shop.now())


def test_an_upgrade_costs_what_the_preview_said_and_is_in_force_at_once(shop: Shop) -> None:
    shop.subscribe("pro")
    shop.advance(days=10)
    shop.settle()
    with workspace_scope(shop.workspace.pk):
        shown = changes.preview(workspace=shop.workspace, plan="enterprise", interval="month", now=shop.now())
    assert change(shop, "enterprise", moment=shown.proration_date) == "now"
    shop.settle()
    invoice = shop.objects("invoice")[-1]
    assert (invoice["amount_paid"], shown.effective) == (shown.amount_due, "now")
    assert shown.amount_due == sum(amount for _, amount in shown.lines) > 0
    assert (shop.record.plan.key, at(shop).plan) == ("enterprise", "enterprise")


def test_an_upgrade_that_is_not_paid_changes_nothing(shop: Shop) -> None:
    shop.subscribe("pro")
    card(shop, "pm_card_chargeDeclined")
    with pytest.raises(PaymentRefused):
        change(shop, "enterprise")
    shop.settle()
    assert at(shop).plan == "pro"


def test_a_downgrade_comes_with_the_period_s_end(shop: Shop) -> None:
    shop.subscribe("enterprise")
    assert change(shop, "pro") == "period_end"
    shop.settle()
    record = shop.record
    assert (record.plan.key, record.pending_interval) == ("enterprise", "month")
    with cross_workspace("test"):
        assert record.pending_plan.key == "pro"
    assert record.pending_at == record.current_period_end
    shop.advance(days=32)
    shop.settle()
    assert (shop.record.plan.key, shop.record.pending_plan_id) == ("pro", None)


def test_keeping_the_plan_takes_a_downgrade_back(shop: Shop) -> None:
    shop.subscribe("enterprise")
    change(shop, "pro")
    with workspace_scope(shop.workspace.pk):
        changes.resume(workspace=shop.workspace, actor=shop.actor, now=shop.now())
    shop.settle()
    assert shop.record.pending_plan_id is None
    shop.advance(days=32)
    shop.settle()
    assert shop.record.plan.key == "enterprise"


def test_a_cancelled_subscription_ends_with_its_period(shop: Shop) -> None:
    shop.subscribe("pro")
    cancel(shop)
    shop.settle()
    assert (shop.record.cancel_at_period_end, at(shop).plan) == (True, "pro")
    shop.advance(days=32)
    shop.settle()
    assert (shop.record.status, at(shop).plan, at(shop).access) == ("canceled", "free", Access.FREE)


def test_a_change_shows_without_any_webhook(shop: Shop) -> None:
    shop.subscribe("pro")
    cancel(shop)
    shop.work()
    assert shop.record.cancel_at_period_end is True


def test_who_is_subscribed_does_not_check_out_again(shop: Shop) -> None:
    shop.subscribe("pro")
    with pytest.raises(AlreadySubscribed):
        shop.start("enterprise")


def test_there_is_nothing_to_change_without_a_subscription(shop: Shop) -> None:
    with pytest.raises(NoSubscription):
        change(shop, "pro")


def test_the_same_plan_is_no_change(shop: Shop) -> None:
    shop.subscribe("pro")
    with pytest.raises(NoChange):
        change(shop, "pro")


def failing(shop: Shop) -> None:
    """The renewal was not paid, and we know."""
    shop.subscribe("pro")
    card(shop, "pm_card_chargeDeclined")
    shop.advance(days=32)
    shop.settle()
    assert shop.record.status == "past_due"


@pytest.mark.parametrize(("hours", "access"), [(0, "full"), (71, "full"), (73, "read_only")])
def test_an_unpaid_renewal_has_72_hours(shop: Shop, hours: int, access: str) -> None:
    failing(shop)
    since = shop.record.past_due_since
    assert since is not None
    cache.forget()
    with workspace_scope(shop.workspace.pk):
        found = standing(shop.workspace.pk, since + timedelta(hours=hours))
    assert (found.plan, found.access) == ("pro", access)


def test_a_failed_attempt_does_not_start_the_grace_again(shop: Shop) -> None:
    failing(shop)
    since = shop.record.past_due_since
    shop.advance(days=4)
    shop.settle()
    assert shop.record.past_due_since == since


def test_paying_ends_it(shop: Shop) -> None:
    failing(shop)
    card(shop, "pm_card_visa")
    shop.advance(days=4)
    shop.settle()
    record = shop.record
    assert (record.status, record.past_due_since, at(shop).access) == ("active", None, "full")


def test_a_status_that_we_do_not_know_changes_no_access(shop: Shop) -> None:
    shop.subscribe("pro")
    shop.control("POST", f"edit/{shop.record.stripe_subscription_id}", {"status": "resting"})
    shop.control("POST", f"subscriptions/{shop.record.stripe_subscription_id}/tell")
    shop.settle()
    assert (shop.record.status, shop.record.access_status, at(shop).access) == ("resting", "active", "full")


def test_a_price_that_we_do_not_know_keeps_the_plan(shop: Shop) -> None:
    shop.subscribe("pro")
    item = shop.objects("subscription")[0]["items"]
    item["data"][0]["price"]["lookup_key"] = "another_shop"
    shop.control("POST", f"edit/{shop.record.stripe_subscription_id}", {"items": item})
    shop.control("POST", f"subscriptions/{shop.record.stripe_subscription_id}/tell")
    shop.settle()
    assert shop.record.plan.key == "pro"


def test_each_change_stands_in_the_history(shop: Shop) -> None:
    shop.subscribe("pro")
    cancel(shop)
    shop.settle()
    with cross_workspace("test"):
        rows = list(SubscriptionHistory.objects.filter(workspace=shop.workspace).order_by("pk"))
    assert [row.changes.get("status") for row in rows] == [["", "active"], None]
    assert rows[1].changes["cancel_at_period_end"] == [False, True]


def test_a_webhook_that_was_lost_is_asked_for(shop: Shop) -> None:
    shop.pay(shop.start("pro"))
    assert inbox.poll(time=shop.now) == len(shop.events())
    shop.work()
    assert shop.record.status == "active"
    assert set(StripeEvent.objects.values_list("source", flat=True)) == {"poll"}
    assert inbox.poll(time=shop.now) == 0


def test_coming_back_from_the_checkout_is_enough(shop: Shop) -> None:
    from billing.services.stripe import checkout

    intent = shop.start("pro")
    with workspace_scope(shop.workspace.pk):
        checkout.came_back(intent=intent, now=shop.now())
    shop.work()
    assert shop.record.status == ""
    shop.pay(intent)
    shop.ahead += timedelta(seconds=6)
    with workspace_scope(shop.workspace.pk):
        checkout.came_back(intent=intent, now=shop.now())
    shop.work()
    assert shop.record.status == "active"


def test_one_look_answers_all_that_is_told_of_a_customer(shop: Shop) -> None:
    """Twenty changes of one subscription wait: the first look sees what they came to. What comes later is looked at."""
    shop.subscribe("pro")
    name = shop.record.stripe_subscription_id
    for number in range(20):
        ends = int(shop.now().timestamp()) + 86_400 * (number + 1)
        shop.control("POST", f"edit/{name}", {"trial_end": ends})
        shop.control("POST", f"subscriptions/{name}/tell", {})
    shop.deliver()
    assert (shop.work(), shop.work()) == (1, 0)
    assert shop.record.trial_end is not None
    assert int(shop.record.trial_end.timestamp()) == ends
    assert set(StripeEvent.objects.values_list("state", flat=True)) == {"done"}
    shop.control("POST", f"subscriptions/{name}/tell", {})
    shop.deliver()
    assert shop.work() == 1


def test_an_event_of_a_stranger_is_an_orphan(shop: Shop) -> None:
    shop.subscribe("pro")
    customer = shop.objects("customer")[0]
    stranger = {**customer, "id": "cus_stranger", "metadata": {}}
    event = {
        **shop.events()[0],
        "id": "evt_stranger",
        "type": "customer.updated",
        "data": {"object": stranger},
    }
    shop.deliver(event)
    shop.work()
    assert StripeEvent.objects.get(event_id="evt_stranger").outcome == "ignored"  # Stripe knows none
    shop.control("POST", f"edit/{customer['id']}", {"metadata": {}})
    with cross_workspace("test"):
        type(shop.record).objects.filter(workspace=shop.workspace).update(stripe_customer_id="cus_other")
    shop.deliver({**event, "id": "evt_orphan", "data": {"object": customer}})
    shop.work()
    assert StripeEvent.objects.get(event_id="evt_orphan").outcome == "orphan"


def test_a_customer_that_was_made_and_never_written_down_is_adopted(shop: Shop) -> None:
    intent = shop.start("pro")
    with cross_workspace("test"):
        type(shop.record).objects.filter(workspace=shop.workspace).update(stripe_customer_id=None)
    shop.pay(intent)
    shop.settle()
    assert (shop.record.stripe_customer_id, shop.record.status) == (
        shop.objects("customer")[0]["id"],
        "active",
    )
