"""Ten thousand random deeds on three workspaces, each compared with a small model; the database's invariants hold
after every one."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import hypothesis.strategies as st
import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from accounts.services.audit import Actor
from billing.errors import CreditsExhausted
from billing.models import Grant
from billing.rules.credits import PRIORITIES
from billing.services.ledger import grants, reservations
from billing.types import Feature, GrantSource, Ref, Unit
from huntaze.kernel.tenancy import cross_workspace
from tests.billing.books import books
from tests.factories.accounts import WorkspaceFactory
from tests.factories.billing import credits, limit

NOW = datetime(2026, 3, 10, tzinfo=UTC)
UNIT = Unit.MESSAGE
STEPS, EXAMPLES = 100, 112


@dataclass
class Pile:
    """A grant in the model."""

    source: GrantSource
    amount: int
    left: int
    ends: datetime | None
    held: int = 0
    back: int = 0
    is_frozen: bool = False


@dataclass
class Model:
    """A workspace's credits, kept by hand."""

    piles: list[Pile] = field(default_factory=list)
    held: dict[str, list[tuple[Pile, int]]] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    debt: int = 0
    used: int = 0
    lost: int = 0
    issued: int = 0

    def pay(self, count: int) -> int:
        paid = min(count, self.debt)
        self.debt -= paid
        return count - paid

    def burn(
        self, now: datetime, count: int, *, only: GrantSource | None = None, but: Pile | None = None
    ) -> list[tuple[Pile, int]]:
        alive = [
            p for p in self.piles if (p.ends is None or p.ends > now) and not p.is_frozen and p is not but
        ]
        alive = [p for p in alive if only in (None, p.source)]
        alive.sort(key=lambda p: (PRIORITIES[p.source], p.ends is None, p.ends or NOW))
        taken = []
        for pile in alive:
            some = min(pile.left, count)
            if some:
                pile.left, count = pile.left - some, count - some
                taken.append((pile, some))
        return taken

    def end(self, ref: str, spent: int, now: datetime, *, give_back: int) -> None:
        rest = []
        for pile, count in self.held[ref]:
            some = min(count, spent)
            spent, self.used, pile.held = spent - some, self.used + some, pile.held - some
            if count > some:
                rest.append((pile, count - some))
        self.held[ref] = []
        returned: dict[int, list[Any]] = {}
        for pile, count in rest:
            some = min(count, give_back)
            give_back -= some
            pile.held -= some
            if some:
                returned[id(pile)] = [pile, some]
            if count > some:
                self.held[ref].append((pile, count - some))
        for pile, some in returned.values():
            if pile.ends is not None and pile.ends <= now:
                self.lost += some
            else:
                pile.left += self.pay(some)

    def balances(self) -> dict[str, int]:
        found = {
            "issued": -self.issued,
            "available": sum(p.left for p in self.piles),
            "reserved": sum(p.held for p in self.piles),
            "consumed": self.used,
            "expired": self.lost,
            "refunded": sum(p.back for p in self.piles),
            "debt": -self.debt,
        }
        return {kind: count for kind, count in found.items() if count}


WHO = st.integers(0, 2)
REFS = st.sampled_from("abcdefghij")
COUNTS = st.integers(1, 12)


class Deeds(RuleBasedStateMachine):
    """Every rule does one deed in the ledger and in the model."""

    done = 0

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.wall = cross_workspace("demo")
        self.block.__enter__()
        self.wall.__enter__()
        self.now = NOW
        self.workspaces = [WorkspaceFactory(is_limited=True) for _ in range(3)]
        for workspace in self.workspaces:
            limit(workspace, Feature.MESSAGES, 0)
        self.models = [Model() for _ in range(3)]
        self.rows: list[list[Grant]] = [[], [], []]

    def teardown(self) -> None:
        self.wall.__exit__(None, None, None)
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    def at(self, who: int) -> dict[str, Any]:
        return {"workspace_id": self.workspaces[who].pk, "unit": UNIT, "now": self.now}

    @rule(
        who=WHO, count=COUNTS, source=st.sampled_from(list(GrantSource)), days=st.none() | st.integers(1, 5)
    )
    def grant(self, who: int, count: int, source: GrantSource, days: int | None) -> None:
        ends = self.now + timedelta(days=days) if days else None
        row = credits(self.workspaces[who], count, source=source, expires_at=ends, now=self.now)
        self.rows[who].append(row)
        model = self.models[who]
        model.piles.append(Pile(source, count, model.pay(count), ends))
        model.issued += count

    @rule(who=WHO, count=COUNTS, ref=REFS)
    def reserve(self, who: int, count: int, ref: str) -> None:
        model, is_done = self.models[who], True
        try:
            reservations.reserve(**self.at(who), quantity=count, ref=Ref("test", ref))
        except CreditsExhausted:
            is_done = False
        if ref in model.known:
            assert is_done
            return
        taken = model.burn(self.now, count)
        assert is_done == (sum(some for _, some in taken) == count)
        if is_done:
            model.known.add(ref)
            model.held[ref] = taken
        for pile, some in taken:
            pile.left, pile.held = (pile.left, pile.held + some) if is_done else (pile.left + some, pile.held)

    @rule(who=WHO, count=COUNTS, ref=REFS, is_last=st.booleans())
    def settle(self, who: int, count: int, ref: str, is_last: bool) -> None:
        model = self.models[who]
        if not model.held.get(ref):
            return
        reservations.settle(**self.at(who), quantity=count, ref=Ref("test", ref), is_last=is_last)
        open_ = sum(some for _, some in model.held[ref])
        model.end(ref, min(count, open_), self.now, give_back=open_ if is_last else 0)
        if count > open_:
            over = count - open_
            found = sum(some for _, some in model.burn(self.now, over))
            model.used, model.debt = model.used + over, model.debt + over - found

    @rule(who=WHO, count=st.none() | COUNTS, ref=REFS)
    def release(self, who: int, count: int | None, ref: str) -> None:
        model = self.models[who]
        if not model.held.get(ref):
            return
        reservations.release(**self.at(who), quantity=count, ref=Ref("test", ref))
        model.end(ref, 0, self.now, give_back=10_000 if count is None else count)

    @rule(who=WHO, days=st.integers(0, 3))
    def expire(self, who: int, days: int) -> None:
        self.now += timedelta(days=days)
        grants.expire_due(**self.at(who))
        for pile in self.models[who].piles:
            if pile.ends is not None and pile.ends <= self.now:
                self.models[who].lost, pile.left = self.models[who].lost + pile.left, 0

    @rule(who=WHO, which=st.integers(0, 50), is_frozen=st.booleans())
    def dispute(self, who: int, which: int, is_frozen: bool) -> None:
        if not self.rows[who]:
            return
        index = which % len(self.rows[who])
        row = self.rows[who][index]
        grants.freeze(grant=row, now=self.now) if is_frozen else grants.unfreeze(grant=row)
        self.models[who].piles[index].is_frozen = is_frozen

    @rule(who=WHO, which=st.integers(0, 50), share=st.integers(0, 10))
    def refund(self, who: int, which: int, share: int) -> None:
        if not self.rows[who]:
            return
        index, model = which % len(self.rows[who]), self.models[who]
        pile, before = model.piles[index], len(model.piles)
        grants.refund(
            grant=self.rows[who][index],
            charge="ch",
            refunded_minor=share,
            paid_minor=10,
            now=self.now,
            actor=Actor.system(),
        )
        count = -(-pile.amount * share // 10) - pile.back
        pile.back += count
        if count > 0:
            own = min(count, pile.left)
            pile.left -= own
            others = sum(n for _, n in model.burn(self.now, count - own, only=GrantSource.PACK, but=pile))
            model.debt += count - own - others
        elif count < 0:
            free = model.pay(-count)
            fits = min(free, pile.amount - pile.left - pile.held)
            pile.left += fits
            if free > fits:
                model.piles.append(Pile(pile.source, free - fits, free - fits, pile.ends))
                self.rows[who].append(Grant.objects.filter(workspace=self.workspaces[who]).latest("pk"))
        assert len(model.piles) - before in (0, 1)

    @invariant()
    def the_books_say_what_the_model_says(self) -> None:
        Deeds.done += 1
        found = books([workspace.pk for workspace in self.workspaces])
        assert found.faults == []
        for workspace, model, rows in zip(self.workspaces, self.models, self.rows, strict=True):
            assert found.accounts[workspace.pk] == model.balances()
            assert [found.left[row.pk] for row in rows] == [(pile.left, pile.held) for pile in model.piles]
        assert len(found.left) == sum(map(len, self.rows))


@pytest.mark.django_db
def test_ten_thousand_random_deeds_agree_with_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    Deeds.done = 0
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Deeds,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )
    with capsys.disabled():
        print(f"\n{Deeds.done} deeds")
    assert Deeds.done >= 10_000
