"""Stripe is away: what needs it says so, everything else goes on, and nothing is lost."""

from datetime import timedelta
from typing import Any

import pytest

from billing.errors import StripeAway
from billing.models import CheckoutIntent, StripeEvent
from huntaze.kernel import redis
from huntaze.kernel.tenancy import cross_workspace
from tests.billing.stripe.conftest import Shop

TROUBLE: list[dict[str, Any]] = [
    {"kind": "reset_before"},
    {"kind": "reset_after"},
    {"kind": "rate_limit", "params": {"retryAfter": 7}},
    {"kind": "status", "params": {"code": 500}},
    {"kind": "malformed_json"},
    {"kind": "truncate"},
]


@pytest.mark.parametrize("fault", TROUBLE, ids=lambda fault: fault["kind"])
def test_a_checkout_is_refused_and_the_next_click_goes_on(shop: Shop, fault: dict[str, Any]) -> None:
    name = shop.sandbox.fault(dialect="stripe", match={"path": "/v1/checkout/sessions"}, **fault)
    with pytest.raises(StripeAway):
        shop.start("pro")
    shop.sandbox.control("DELETE", f"faults/{name}")
    assert shop.start("pro").url != ""
    assert len(shop.objects("checkout.session")) == 1
    with cross_workspace("test"):
        assert CheckoutIntent.objects.count() == 1


def test_what_is_asked_of_a_busy_stripe_waits_as_long_as_it_says(shop: Shop) -> None:
    shop.sandbox.fault("rate_limit", dialect="stripe", params={"retryAfter": 7})
    with pytest.raises(StripeAway) as caught:
        shop.start("pro")
    assert caught.value.data["retry_after"] == 7


def test_without_a_key_nothing_is_for_sale(shop: Shop, settings: Any) -> None:
    settings.STRIPE_SECRET_KEY = ""
    with pytest.raises(StripeAway) as caught:
        shop.start("pro")
    assert caught.value.data["reason"] == "not_configured"


def test_events_wait_and_are_worked_on_when_stripe_is_back(shop: Shop) -> None:
    shop.pay(shop.start("pro"))
    shop.deliver()
    name = shop.sandbox.fault("status", dialect="stripe", params={"code": 503})
    assert shop.work() > 0
    assert set(StripeEvent.objects.exclude(outcome="ignored").values_list("state", flat=True)) == {"queued"}
    shop.sandbox.control("DELETE", f"faults/{name}")
    redis.client().flushdb()  # the breaker's rest is over
    shop.ahead += timedelta(seconds=6)
    shop.work()
    assert shop.record.status == "active"
    assert set(StripeEvent.objects.values_list("state", flat=True)) == {"done"}


def test_after_the_last_attempt_an_event_is_a_dead_letter(shop: Shop) -> None:
    shop.pay(shop.start("pro"))
    event = next(row for row in shop.events() if row["type"] == "invoice.paid")
    shop.deliver(event)
    shop.sandbox.fault("rate_limit", dialect="stripe")
    for _ in range(8):
        shop.work()
        shop.ahead += timedelta(hours=3)
    row = StripeEvent.objects.get()
    assert (row.state, row.attempts) == ("failed", 7)
    assert row.last_error in ("rate_limited", "circuit_open")
