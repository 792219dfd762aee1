"""Five events of a subscription's life in every order, each told once or twice, with a worker dying at every point of
every event: one same state. Workers ask how things are instead of believing what they are told; that is what these runs
show.

What a worker does follows from the rows that it finds and from what Stripe says. So each step is taken once for every
state that it can begin in, and then all orders are walked over the steps that were taken: 120 orders, and in each of
them every way of telling and dying at each of the five events.
"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from billing.gateways.stripe_shapes import event as event_of
from billing.models import (
    CheckoutIntent,
    Grant,
    LedgerAccount,
    LedgerTransaction,
    StripeEvent,
    SubscriptionHistory,
    SubscriptionRecord,
    WorkspaceHold,
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
#: How often it is told, and where the worker dies the first time; told twice, it comes again under the same id and
#: under another one.
WAYS = list(itertools.product((1, 2), ("", "claim", "act", "settle")))
_PASSING = {"id", "observed_at", "source_event"}
#: What changes at Stripe while this life goes on.
_ALIVE = ("customer", "subscription", "invoice", "charge", "payment_method", "checkout.session")


class Died(Exception):
    """The worker is gone in the middle."""


class Life:
    """A subscription that is bought, changed, not paid any more and ended; Stripe can be taken back to each step."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.intent = shop.start("pro")
        self.events: list[dict[str, Any]] = []
        self.stages: list[dict[str, dict[str, Any]]] = []
        while len(self.events) < len(LIFE):
            self._step(len(self.events))
        self.stage = len(LIFE)

    def _step(self, number: int) -> None:
        shop = self.shop
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
        self.stages.append({row["id"]: row for kind in _ALIVE for row in shop.objects(kind)})

    @property
    def subscription(self) -> dict[str, Any]:
        return self.shop.objects("subscription", 1)[0]

    def be_at(self, stage: int) -> None:
        """Stripe as it was after so many steps."""
        before, after = self.stages[self.stage - 1], self.stages[stage - 1]
        for name, body in after.items():
            if before.get(name) != body:
                self.shop.control("POST", f"edit/{name}", body)
        self.stage = stage


def dump(shop: Shop, *, with_history: bool) -> dict[str, Any]:
    """Everything that billing holds of the workspace, without the moments at which it was written."""
    with cross_workspace("test"):
        record = SubscriptionRecord.objects.filter(workspace=shop.workspace).values().get()
        grants = Grant.objects.filter(workspace=shop.workspace).order_by("unit", "amount")
        deeds = LedgerTransaction.objects.filter(workspace=shop.workspace).order_by("idempotency_key")
        found: dict[str, Any] = {
            "record": {name: value for name, value in record.items() if name not in _PASSING},
            "intents": list(CheckoutIntent.objects.values_list("choice", "state", "session_id", "credits")),
            "grants": list(
                grants.values_list(
                    "source", "unit", "amount", "remaining", "reserved", "period_start", "expires_at"
                )
            ),
            "accounts": list(
                LedgerAccount.objects.order_by("unit", "kind").values_list("unit", "kind", "balance")
            ),
            "ledger": [
                (
                    deed.idempotency_key,
                    deed.kind,
                    sorted((entry.account.kind, entry.amount) for entry in deed.entries.all()),
                )
                for deed in deeds.prefetch_related("entries__account")
            ],
            "held": WorkspaceHold.objects.count(),
            "open": StripeEvent.objects.exclude(state="done").count(),
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


def work_off(shop: Shop, crash: str) -> None:
    """Work until nothing is due; the first claim may end in the worker's death."""
    ahead = timedelta(seconds=1)
    if crash:
        row = inbox.claim(now=shop.now() + ahead)
        assert row is not None
        _die(shop, row, crash)
        ahead += inbox.LEASE + timedelta(seconds=1)
    work.process_due(time=lambda: shop.now() + ahead)


def _die(shop: Shop, row: StripeEvent, crash: str) -> None:
    if crash == "claim":
        return
    seen = look(row)
    if crash == "settle":
        with pytest.raises(Died):
            _settle_and_die(shop, row, seen)


def _settle_and_die(shop: Shop, row: StripeEvent, seen: Seen) -> None:
    with transaction.atomic():
        work.settle(row, seen, shop.now())
        raise Died


@dataclass(frozen=True)
class Place:
    """What our tables hold (a number in `Walk.states`), and how far Stripe is."""

    state: int
    stage: int


@dataclass
class Walk:
    """Takes every step that any order needs. `is_over`: the life is over before anything is told; else an event is told
    when life has just come to it."""

    life: Life
    is_over: bool
    states: list[dict[str, Any]] = field(default_factory=list)
    steps: dict[tuple[Place, int, tuple[int, str]], Place] = field(default_factory=dict)

    def place(self, stage: int) -> Place:
        found = dump(self.life.shop, with_history=self.is_over)
        if found not in self.states:
            self.states.append(found)
        return Place(self.states.index(found), stage)

    def begin(self) -> Place:
        with cross_workspace("test"):
            start = self.place(len(LIFE) if self.is_over else 0)
            self._explore(start, frozenset())
        return start

    def _explore(self, here: Place, told: frozenset[int]) -> None:
        for event, way in itertools.product(sorted(set(range(5)) - told), WAYS):
            known = self.steps.get((here, event, way))
            if known is None or self._is_new_beyond(known, told | {event}, set()):
                with taken_back():
                    there = self._step(here, event, way)
                    assert known in (None, there)
                    self.steps[here, event, way] = there
                    self._explore(there, told | {event})

    def _is_new_beyond(self, here: Place, told: frozenset[int], seen: set[Any]) -> bool:
        """Whether some step of what is not told yet has never been taken from here, or from where it leads."""
        if (here, told) in seen:
            return False
        seen.add((here, told))
        for event, way in itertools.product(set(range(5)) - told, WAYS):
            there = self.steps.get((here, event, way))
            if there is None or self._is_new_beyond(there, told | {event}, seen):
                return True
        return False

    def _step(self, here: Place, event: int, way: tuple[int, str]) -> Place:
        stage = max(here.stage, event + 1)
        if self.life.stage != stage:
            self.life.be_at(stage)
        times, crash = way
        seen = event_of(self.life.events[event])
        again = [seen, replace(seen, id=f"{seen.id}_again")] if times == 2 else []
        for one in [seen, *again]:
            inbox.store(one, source="webhook", now=self.life.shop.now())
        work_off(self.life.shop, crash)
        return self.place(stage)

    def ends(self, start: Place) -> set[int]:
        """Where all orders end, each with every way of telling at every event."""
        found = set()
        for order in ORDERS:
            places = {start}
            for event in order:
                places = {self.steps[place, event, way] for place in places for way in WAYS}
            found |= {place.state for place in places}
        return found


def test_every_order_ends_in_one_state(shop: Shop) -> None:
    life, lasts = Life(shop), []
    for is_over in (True, False):
        walk = Walk(life, is_over)
        ends = walk.ends(walk.begin())
        assert len(ends) == 1
        last = walk.states[ends.pop()]
        assert len(last.pop("history", [0])) == 1
        assert len(walk.states) > 2
        lasts.append(last)
    assert lasts[0] == lasts[1]
    assert (lasts[0]["record"]["status"], lasts[0]["open"]) == ("canceled", 0)
    assert [grant[:3] for grant in lasts[0]["grants"]] == [
        ("plan", "ai_usd", 100_000_000_000),
        ("plan", "message", 5_000),
    ]
