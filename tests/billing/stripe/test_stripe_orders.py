"""Five events of a subscription's life in every order, each once or twice, with a worker dying at every point: one
same state. Workers ask how things are instead of believing what they are told; that is what these runs show."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from billing.gateways.stripe_shapes import event as event_of
from billing.models import (
    CheckoutIntent,
    Grant,
    LedgerTransaction,
    StripeEvent,
    SubscriptionHistory,
    SubscriptionRecord,
)
from billing.services.stripe import inbox, work
from billing.services.stripe.look import Seen, look
from huntaze.kernel.tenancy import cross_workspace
from tests.billing.stripe.conftest import Shop

LIFE = (
    "customer.subscription.created",
    "invoice.paid",
    "customer.subscription.updated",
    "invoice.payment_failed",
    "customer.subscription.deleted",
)
ORDERS = list(itertools.permutations(range(5)))
CRASHES = ("", "claim", "act", "settle")
_PASSING = {"id", "observed_at", "source_event"}


class Died(Exception):
    """The worker is gone in the middle."""


class Life:
    """A subscription that is bought, changed, not paid any more and ended; one step at a time."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.intent = shop.start("pro")
        self.events: list[dict[str, Any]] = []

    def step(self) -> None:
        shop, number = self.shop, len(self.events)
        if number == 0:
            shop.pay(self.intent)
        elif number == 2:
            shop.control("POST", f"edit/{self.subscription['id']}", {"cancel_at_period_end": False})
            price = next(
                row for row in shop.objects("price") if row["lookup_key"] == "huntaze_enterprise_month"
            )
            item = self.subscription["items"]
            item["data"][0]["price"] = price
            shop.control("POST", f"edit/{self.subscription['id']}", {"items": item})
            shop.control("POST", f"subscriptions/{self.subscription['id']}/tell", {})
        elif number == 3:
            shop.control(
                "POST", f"customers/{self.subscription['customer']}/card", {"card": "pm_card_chargeDeclined"}
            )
            shop.control("POST", f"subscriptions/{self.subscription['id']}/end_period")
        elif number == 4:
            shop.control("POST", f"subscriptions/{self.subscription['id']}/end")
        kind = LIFE[number]
        self.events.append(next(row for row in reversed(shop.objects("event", 30)) if row["type"] == kind))

    @property
    def subscription(self) -> dict[str, Any]:
        return self.shop.objects("subscription", 1)[0]

    def live(self) -> None:
        while len(self.events) < len(LIFE):
            self.step()


def dump(shop: Shop, *, with_history: bool) -> dict[str, Any]:
    """Everything that billing holds of the workspace, without the moments at which it was written."""
    with cross_workspace("test"):
        record = SubscriptionRecord.objects.filter(workspace=shop.workspace).values().get()
        intents = CheckoutIntent.objects.filter(workspace=shop.workspace)
        grants = Grant.objects.filter(workspace=shop.workspace).order_by("unit", "amount")
        deeds = LedgerTransaction.objects.filter(workspace=shop.workspace).order_by("idempotency_key")
        found: dict[str, Any] = {
            "record": {name: value for name, value in record.items() if name not in _PASSING},
            "intents": list(intents.values_list("choice", "state")),
            "grants": list(
                grants.values_list("source", "unit", "amount", "remaining", "period_start", "expires_at")
            ),
            "ledger": [
                (
                    deed.idempotency_key,
                    deed.kind,
                    sorted(
                        (entry.account.kind, entry.amount) for entry in deed.entries.select_related("account")
                    ),
                )
                for deed in deeds
            ],
        }
        if with_history:
            rows = SubscriptionHistory.objects.filter(workspace=shop.workspace).order_by("pk")
            found["history"] = list(rows.values_list("changes", flat=True))
    return found


@contextmanager
def taken_back() -> Iterator[None]:
    """A run of its own: what it wrote is gone afterwards."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        yield
        transaction.set_rollback(True)


def work_off(shop: Shop, crash: str = "", crash_at: int = 0) -> None:
    """Work until nothing is due; the claim with the number `crash_at` ends in the worker's death."""
    ahead, claims = timedelta(seconds=1), 0
    with cross_workspace("test"):
        while True:
            now = shop.now() + ahead
            if crash and claims == crash_at:
                row = inbox.claim(now=now)
                assert row is not None
                _die(row, crash, now)
                ahead += inbox.LEASE + timedelta(seconds=1)
            elif not work.process_due(time=lambda: now, most=1):  # noqa: B023 - called at once
                return
            claims += 1


def _die(row: StripeEvent, crash: str, now: datetime) -> None:
    if crash == "claim":
        return
    seen = look(row)
    if crash == "settle":
        with pytest.raises(Died):
            _settle_and_die(row, seen, now)


def _settle_and_die(row: StripeEvent, seen: Seen, now: datetime) -> None:
    with transaction.atomic():
        work.settle(row, seen, now)
        raise Died


@pytest.mark.parametrize("crash", CRASHES, ids=lambda crash: crash or "nobody dies")
def test_every_order_ends_in_one_state(shop: Shop, crash: str) -> None:
    life = Life(shop)
    life.live()
    events = [event_of(row) for row in life.events]
    states, runs = [], 0
    for number, order in enumerate(ORDERS):
        for times in (1, 2):
            with taken_back():
                for index in [index for index in order for _ in range(times)]:
                    inbox.store(events[index], source="webhook", now=shop.now())
                work_off(shop, crash, number % 5)
                state = dump(shop, with_history=True)
                runs += 1
            if state not in states:
                states.append(state)
    assert runs == 240
    assert len(states) == 1
    assert states[0]["record"]["status"] == "canceled"
    assert [grant[:3] for grant in states[0]["grants"]] == [
        ("plan", "ai_usd", 100_000_000_000),
        ("plan", "message", 5_000),
    ]
    assert len(states[0]["history"]) == 1


def test_every_order_ends_in_one_state_while_life_goes_on(shop: Shop) -> None:
    """An event is delivered when life is at least where the event comes from; events before it may come after it."""
    states: list[dict[str, Any]] = []
    for order, times in itertools.product(ORDERS, (1, 2)):
        with taken_back():
            life = Life(shop)
            for index in order:
                while len(life.events) <= index:
                    life.step()
                for _ in range(times):
                    inbox.store(event_of(life.events[index]), source="webhook", now=shop.now())
                    work_off(shop)
            state = _nameless(dump(shop, with_history=False))
        if state not in states:
            states.append(state)
    assert len(states) == 1


def _nameless(state: dict[str, Any]) -> dict[str, Any]:
    """Without what each life has of its own: ids and the seconds in which it began."""
    record = {
        name: value
        for name, value in state["record"].items()
        if not name.startswith(("stripe_", "current_period", "canceled_at"))
    }
    grants = [grant[:4] for grant in state["grants"]]
    ledger = [(kind, legs) for _, kind, legs in state["ledger"]]
    return {"record": record, "intents": state["intents"], "grants": grants, "ledger": ledger}
