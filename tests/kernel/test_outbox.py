"""Claim, act, settle: a row is one worker's at a time, and what is settled is settled by its owner."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from structlog.testing import capture_logs

from huntaze.kernel import outbox
from huntaze.kernel.outbox import (
    RETRY_DELAYS,
    Ending,
    LeaseLost,
    NotYet,
    State,
    claim,
    drain,
    retry_or_bury,
    settle,
)
from messaging.models import InboundEvent
from tests.factories.accounts import NOW

LEASE = timedelta(seconds=60)


def row(**fields: Any) -> InboundEvent:
    values = {
        "vendor": "test",
        "event_key": uuid4().hex,
        "body_digest": b"x" * 32,
        "event": "test",
        "body": "{}",
        "received_at": NOW,
        "available_at": NOW,
    }
    return InboundEvent.objects.create(**values | fields)


def again(made: InboundEvent) -> InboundEvent:
    return InboundEvent.objects.get(pk=made.pk)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


class Clock:
    """Stands still unless told."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def test_due_rows_are_leased_oldest_first(db: None) -> None:
    young, old, planned = row(), row(available_at=later(-5)), row(available_at=later(0.001))
    taken = claim(InboundEvent, now=NOW, limit=10, lease=LEASE)
    assert [item.pk for item in taken] == [old.pk, young.pk]
    stored = again(old)
    assert (stored.state, stored.attempts, stored.leased_until) == (State.WORKING, 1, NOW + LEASE)
    assert (taken[0].attempts, taken[0].lease_token, taken[0].leased_until) == (
        1,
        stored.lease_token,
        NOW + LEASE,
    )
    assert again(planned).state == State.QUEUED


def test_no_more_than_asked_for_and_nothing_twice(db: None) -> None:
    made = [row() for _ in range(5)]
    batches = [claim(InboundEvent, now=NOW, limit=2, lease=LEASE) for _ in range(4)]
    assert [len(batch) for batch in batches] == [2, 2, 1, 0]
    assert [item.pk for batch in batches for item in batch] == [item.pk for item in made]


@pytest.mark.parametrize(("seconds", "count"), [(59, 0), (60, 0), (60.001, 1)])
def test_a_row_is_due_again_when_its_lease_has_run_out(db: None, seconds: float, count: int) -> None:
    row()
    first = claim(InboundEvent, now=NOW, limit=1, lease=LEASE)
    second = claim(InboundEvent, now=later(seconds), limit=1, lease=LEASE)
    assert len(second) == count
    if second:
        assert (second[0].attempts, second[0].lease_token == first[0].lease_token) == (2, False)


@pytest.mark.parametrize("state", [State.DONE, State.FAILED, "quarantined"])
def test_ended_rows_are_left_alone(db: None, state: str) -> None:
    row(state=state)
    assert claim(InboundEvent, now=later(9999), limit=5, lease=LEASE) == []


def test_settling_writes_the_outcome_and_ends_the_lease(db: None) -> None:
    row()
    (mine,) = claim(InboundEvent, now=NOW, limit=1, lease=LEASE)
    settle(mine, state=State.DONE, last_error="note")
    stored = again(mine)
    assert (stored.state, stored.last_error) == (State.DONE, "note")
    assert (stored.leased_until, stored.lease_token) == (None, None)
    with pytest.raises(LeaseLost):
        settle(mine, state=State.FAILED)
    assert again(mine).state == State.DONE


def test_a_lost_lease_writes_nothing(db: None) -> None:
    """And without the compare-and-set the late worker would undo what the other one did."""
    row()
    (late,) = claim(InboundEvent, now=NOW, limit=1, lease=LEASE)
    (owner,) = claim(InboundEvent, now=later(61), limit=1, lease=LEASE)
    for write in (
        lambda: settle(late, state=State.DONE),
        lambda: retry_or_bury(late, now=later(62), error="late"),
    ):
        with pytest.raises(LeaseLost):
            write()
    settle(owner, state=State.DONE)
    assert again(owner).state == State.DONE
    InboundEvent.objects.filter(pk=late.pk).update(state=State.QUEUED, last_error="late")
    assert again(owner).state == State.QUEUED


@pytest.mark.parametrize(("attempts", "delay"), [(1, 2), (2, 10), (3, 60), (4, 300)])
def test_a_failure_waits_longer_each_time(db: None, attempts: int, delay: float) -> None:
    row(attempts=attempts - 1)
    (mine,) = claim(InboundEvent, now=NOW, limit=1, lease=LEASE)
    assert retry_or_bury(mine, now=NOW, error="E" * 300) is True
    stored = again(mine)
    assert (stored.state, stored.available_at, stored.last_error) == (State.QUEUED, later(delay), "E" * 200)
    assert stored.attempts == attempts


def test_the_fifth_failure_is_a_dead_letter(db: None) -> None:
    assert len(RETRY_DELAYS) == 4
    row(attempts=4)
    (mine,) = claim(InboundEvent, now=NOW, limit=1, lease=LEASE)
    assert retry_or_bury(mine, now=NOW, error="Broken") is False
    stored = again(mine)
    assert (stored.state, stored.attempts, stored.last_error) == (State.FAILED, 5, "Broken")


def test_draining_acts_on_everything_that_is_due(db: None) -> None:
    made = [row(event_key=str(n)) for n in range(5)] + [row(event_key="later", available_at=later(1))]
    seen: list[str] = []
    assert drain(InboundEvent, lambda r: seen.append(r.event_key), clock=Clock(), lease=LEASE, batch=2) == 5
    assert seen == ["0", "1", "2", "3", "4"]
    assert [again(item).state for item in made] == [State.DONE] * 5 + [State.QUEUED]


def test_draining_stops_after_its_share(db: None) -> None:
    for _ in range(5):
        row()
    assert drain(InboundEvent, lambda _: None, clock=Clock(), lease=LEASE, batch=2, most=3) == 4
    assert InboundEvent.objects.filter(state=State.DONE).count() == 4


def test_an_ending_says_how_else_a_row_ended(db: None) -> None:
    made = row()
    drain(InboundEvent, lambda _: Ending("quarantined", "no_fan"), clock=Clock(), lease=LEASE)
    assert (again(made).state, again(made).last_error) == ("quarantined", "no_fan")


def test_not_yet_is_tried_again_later(db: None) -> None:
    made = row()

    def act(_: InboundEvent) -> None:
        raise NotYet

    with capture_logs() as logs:
        assert drain(InboundEvent, act, clock=Clock(), lease=LEASE) == 1
    stored = again(made)
    assert (stored.state, stored.available_at, stored.last_error) == (State.QUEUED, later(2), "not yet")
    assert logs == []


def test_one_poisoned_row_does_not_stop_the_queue_nor_tell_its_secret(db: None) -> None:
    poisoned, fine = row(event_key="poison"), row(event_key="fine")

    def act(item: InboundEvent) -> None:
        if item.event_key == "poison":
            raise ValueError("a fan's name")

    with capture_logs() as logs:
        assert drain(InboundEvent, act, clock=Clock(), lease=LEASE) == 2
    assert [entry["event"] for entry in logs] == ["outbox.act.failed"]
    stored = again(poisoned)
    assert (stored.state, stored.last_error, stored.available_at) == (State.QUEUED, "ValueError", later(2))
    assert again(fine).state == State.DONE


@pytest.mark.parametrize("ending", [None, ValueError("broken"), NotYet()])
def test_a_row_taken_over_while_acting_does_not_stop_the_queue(db: None, ending: Exception | None) -> None:
    clock, owners = Clock(), []
    slow, next_one = row(event_key="slow"), row(event_key="next")

    def act(item: InboundEvent) -> None:
        if item.event_key == "slow" and not owners:
            owners.extend(claim(InboundEvent, now=later(61), limit=1, lease=LEASE))
            if ending is not None:
                raise ending

    with capture_logs() as logs:
        assert drain(InboundEvent, act, clock=clock, lease=LEASE) == 2
    assert "outbox.lease.lost" in [entry["event"] for entry in logs]
    assert (again(slow).state, again(slow).lease_token) == (State.WORKING, owners[0].lease_token)
    assert again(next_one).state == State.DONE


def in_threads(count: int, work: Callable[[int], Any]) -> list[Any]:
    def run(number: int) -> Any:
        try:
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@pytest.mark.django_db(transaction=True)
def test_claimers_never_share_a_row() -> None:
    """Eight claimers hold their first rows, all in open transactions, while the others choose theirs."""
    pks = {row().pk for _ in range(40)}
    barrier = threading.Barrier(8)

    def work(_: int) -> list[int]:
        with transaction.atomic():
            taken = claim(InboundEvent, now=NOW, limit=5, lease=LEASE)
            barrier.wait(10)
        return [item.pk for item in taken]

    batches = in_threads(8, work)
    assert [len(batch) for batch in batches] == [5] * 8
    assert {pk for batch in batches for pk in batch} == pks


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_they_do() -> None:
    """The same claim, looking first and writing afterwards."""
    row()
    barrier = threading.Barrier(4)

    def naive(_: int) -> int:
        found = list(InboundEvent.objects.filter(state=State.QUEUED, available_at__lte=NOW)[:1])
        barrier.wait(10)
        return InboundEvent.objects.filter(pk__in=[item.pk for item in found]).update(state=State.WORKING)

    assert in_threads(4, naive) == [1, 1, 1, 1]


@pytest.mark.django_db(transaction=True)
def test_drainers_at_once_act_on_each_row_once() -> None:
    for number in range(40):
        row(event_key=str(number))
    seen: list[str] = []
    counts = in_threads(
        4,
        lambda _: drain(
            InboundEvent, lambda r: seen.append(r.event_key), clock=Clock(), lease=LEASE, batch=3
        ),
    )
    assert sum(counts) == 40
    assert sorted(seen, key=int) == [str(n) for n in range(40)]


@pytest.mark.django_db(transaction=True)
def test_acting_inside_a_transaction_is_refused() -> None:
    outbox.assert_no_transaction()
    with pytest.raises(RuntimeError), transaction.atomic():
        outbox.assert_no_transaction()
