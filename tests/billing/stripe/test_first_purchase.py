"""From a click to a plan in force: checkout, payment, signed webhook, worked-on event."""

from collections.abc import Callable
from typing import Any

from billing.selectors import cache
from billing.selectors.standing import standing
from huntaze.kernel.tenancy import workspace_scope
from tests.billing.stripe.conftest import Shop


def test_a_paid_checkout_puts_the_plan_in_force(shop: Shop, click: Callable[[str, str], Any]) -> None:
    intent = shop.start("pro")
    click(intent.url, "pay")
    assert set(shop.deliver()) == {200}
    shop.work()
    record = shop.record
    assert (record.status, record.plan.key, record.interval, record.amount_minor) == (
        "active",
        "pro",
        "month",
        2900,
    )
    assert (record.card_brand, record.card_last4) == ("visa", "4242")
    cache.forget()
    with workspace_scope(shop.workspace.pk):
        at = standing(shop.workspace.pk, shop.now())
    assert (at.plan, at.access) == ("pro", "full")
    assert at.period_end == record.current_period_end
    intent.refresh_from_db()
    assert intent.state == "paid"


def test_a_paid_period_brings_its_allowances_once(shop: Shop) -> None:
    shop.subscribe("pro")
    assert shop.grants() == [
        ("plan", "message", 5_000, 5_000),
        ("plan", "ai_usd", 100_000_000_000, 100_000_000_000),
    ]
    for event in shop.events():
        shop.deliver(event)
    shop.work()
    assert len(shop.grants()) == 2


def test_a_paid_pack_brings_its_credits_once(shop: Shop, click: Callable[[str, str], Any]) -> None:
    intent = shop.start_pack("25k")
    click(intent.url, "pay")
    shop.settle()
    assert shop.grants() == [("pack", "message", 25_000, 25_000)]
