"""Reconciliation: every seeded fault is found, a clean run finds nothing, a repair is seen by the next run."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import stripe
from django.db import connection

from billing.models import CheckoutIntent, Grant, ReconciliationFinding, SubscriptionRecord
from billing.services.stripe import reconcile
from huntaze.kernel.tenancy import cross_workspace
from tests.billing.stripe.conftest import STRIPE_KEY, Shop


@pytest.fixture
def traded(shop: Shop) -> Shop:
    """A subscription, a pack, a part of it refunded; all of it known to us."""
    shop.subscribe("pro")
    shop.pay(shop.start_pack("25k"))
    shop.settle()
    shop.control("POST", f"charges/{pack_charge(shop)}/refund", {"amount": 490})
    shop.settle()
    return shop


def pack_charge(shop: Shop) -> str:
    return str(next(row["id"] for row in shop.objects("charge") if row["amount"] == 4_900))


def found(shop: Shop) -> list[str]:
    reconcile.reconcile(time=shop.now)
    return sorted(ReconciliationFinding.objects.filter(state="open").values_list("kind", flat=True))


def ours(shop: Shop, **values: Any) -> None:
    SubscriptionRecord.objects.filter(workspace=shop.workspace).update(**values)


def by_hand(statement: str) -> None:
    """As a restored or hand-mended database would be: no trigger has seen it."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement)
        cursor.execute("SET LOCAL session_replication_role = origin")


def paid_sessions(shop: Shop) -> list[dict[str, Any]]:
    return [row for row in shop.objects("checkout.session") if row["mode"] == "payment"]


def living_twice(shop: Shop) -> None:
    first = shop.objects("subscription")[0]
    price = first["items"]["data"][0]["price"]["id"]
    client = stripe.StripeClient(STRIPE_KEY, base_addresses={"api": f"{shop.sandbox.url}/stripe"})
    client.v1.subscriptions.create({"customer": first["customer"], "items": [{"price": price}]})
    ours(shop, stripe_subscription_id=shop.objects("subscription")[-1]["id"])


FAULTS: dict[str, tuple[Callable[[Shop], Any], str]] = {
    "another status": (lambda shop: ours(shop, status="past_due"), "subscription_status"),
    "another plan": (lambda shop: ours(shop, plan=None), "subscription_plan"),
    "another period": (
        lambda shop: ours(shop, current_period_end=shop.now() + timedelta(days=3)),
        "subscription_period",
    ),
    "another end": (lambda shop: ours(shop, cancel_at_period_end=True), "subscription_cancel"),
    "ours is missing": (lambda shop: ours(shop, stripe_subscription_id=""), "subscription_missing"),
    "theirs is nobody's": (lambda shop: ours(shop, stripe_customer_id=None), "subscription_unknown"),
    "theirs is gone": (lambda shop: ours(shop, stripe_customer_id="cus_gone"), "subscription_gone"),
    "a pack without credits": (
        lambda shop: Grant.objects.filter(source="pack").update(ref="elsewhere"),
        "pack_missing",
    ),
    "credits without a payment": (
        lambda shop: shop.control(
            "POST", f"edit/{paid_sessions(shop)[0]['id']}", {"payment_status": "unpaid"}
        ),
        "pack_unpaid",
    ),
    "a session of nobody's": (
        lambda shop: CheckoutIntent.objects.filter(kind="pack").update(session_id="cs_elsewhere"),
        "pack_unknown",
    ),
    "a refund not taken account of": (
        lambda shop: shop.control("POST", f"edit/{pack_charge(shop)}", {"amount_refunded": 4_900}),
        "refund",
    ),
    "a dispute not taken account of": (
        lambda shop: shop.control("POST", f"charges/{pack_charge(shop)}/dispute", {}),
        "dispute",
    ),
    "a period without credits": (
        lambda shop: by_hand("UPDATE billing_grant SET period_start = NULL WHERE source = 'plan'"),
        "period",
    ),
    "a balance that is not its entries'": (
        lambda shop: by_hand(
            "UPDATE billing_ledgeraccount SET balance = balance + 1 WHERE kind = 'consumed'"
        ),
        "balance",
    ),
}


def test_a_clean_run_finds_nothing(traded: Shop) -> None:
    assert found(traded) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_seeded_fault_is_found(traded: Shop, fault: str) -> None:
    seed, kind = FAULTS[fault]
    with cross_workspace("test"):
        seed(traded)
    assert kind in found(traded)


def test_two_living_subscriptions_are_found(traded: Shop) -> None:
    with cross_workspace("test"):
        living_twice(traded)
    assert "second_subscription" in found(traded)


def test_a_finding_is_one_row_however_often_it_is_seen(traded: Shop) -> None:
    with cross_workspace("test"):
        ours(traded, status="past_due")
    assert found(traded) == ["subscription_status"]
    traded.ahead += timedelta(days=1)
    assert found(traded) == ["subscription_status"]
    row = ReconciliationFinding.objects.get()
    assert row.last_seen_at - row.first_seen_at > timedelta(hours=23)
    assert (row.ours, row.theirs) == ({"value": "past_due"}, {"value": "active"})


def test_a_repair_looks_again_and_the_next_run_closes_it(traded: Shop) -> None:
    with cross_workspace("test"):
        ours(traded, status="past_due")
    found(traded)
    row = ReconciliationFinding.objects.get()
    assert reconcile.look_again(pks=[row.pk], now=traded.now()) == 1
    traded.work()
    assert traded.record.status == "active"
    assert found(traded) == []
    row.refresh_from_db()
    assert (row.state, row.reason) == ("repaired", "gone")


def test_what_waits_to_be_worked_on_is_no_difference(traded: Shop) -> None:
    with cross_workspace("test"):
        ours(traded, status="past_due")
    traded.control("POST", f"subscriptions/{traded.record.stripe_subscription_id}/tell")
    traded.deliver()
    assert found(traded) == []


def test_while_stripe_is_away_nothing_is_said(traded: Shop) -> None:
    traded.sandbox.fault("status", dialect="stripe", params={"code": 500})
    assert reconcile.reconcile(time=traded.now) == 0
