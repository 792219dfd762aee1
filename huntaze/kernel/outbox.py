"""The engine behind every row that is a queue: claim, act, settle.

Claim is one short transaction (`FOR UPDATE SKIP LOCKED`, a lease and a token); acting happens with no transaction
open; settling is a compare-and-set on the token, so that a worker whose lease ran out can't overwrite what another
one has done since.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

import structlog
from django.db import connection, models, transaction
from django.db.models import F, Q

log = structlog.get_logger(__name__)


class State(models.TextChoices):
    """States that every queue row knows; a subclass may use more."""

    QUEUED = "queued", "Queued"
    WORKING = "working", "Working"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class QueueRow(models.Model):
    """What a row needs to be a queue. `available_at` is when it may next be claimed."""

    available_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    leased_until = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    last_error = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        abstract = True


R = TypeVar("R", bound=QueueRow)

#: Seconds before attempt 2, 3, 4, 5; afterwards the row is a dead letter.
RETRY_DELAYS = (2.0, 10.0, 60.0, 300.0)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a row ended, when not simply done; `note` is a constant."""

    state: str = State.DONE
    note: str = ""


class NotYet(Exception):
    """What the row depends on is still under way: try again later, nothing is wrong."""


class LeaseLost(RuntimeError):
    """Another worker owns the row by now; what we found out must not be written."""


def assert_no_transaction() -> None:
    """Acting talks to the outside; raises RuntimeError when a transaction is open, but for one around a whole test."""
    if any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks):
        raise RuntimeError("no outside call inside a transaction")


def claim(model: type[R], *, now: datetime, limit: int, lease: timedelta, among: Q | None = None) -> list[R]:
    """Lease up to `limit` due rows, oldest first; rows whose lease has run out are due again. `among` narrows them."""
    manager = model._default_manager
    due = (among or Q()) & (
        Q(state=State.QUEUED, available_at__lte=now) | Q(state=State.WORKING, leased_until__lt=now)
    )
    token = uuid4()
    with transaction.atomic():
        rows = list(
            manager.filter(due).order_by("available_at", "pk").select_for_update(skip_locked=True)[:limit]
        )
        if rows:
            manager.filter(pk__in=[row.pk for row in rows]).update(
                state=State.WORKING, leased_until=now + lease, lease_token=token, attempts=F("attempts") + 1
            )
    for row in rows:
        row.lease_token, row.leased_until = token, now + lease
        row.attempts += 1
    return rows


def settle(row: QueueRow, **changes: Any) -> None:
    """Write the outcome if the lease is still ours; raises LeaseLost otherwise."""
    assert row.lease_token is not None
    changes = {"leased_until": None, "lease_token": None} | changes
    mine = type(row)._default_manager.filter(pk=row.pk, lease_token=row.lease_token)
    if not mine.update(**changes):
        raise LeaseLost(f"{type(row).__name__} {row.pk}")


def retry_or_bury(
    row: QueueRow, *, now: datetime, error: str, delays: Sequence[float] = RETRY_DELAYS, **changes: Any
) -> bool:
    """Put the row back at its next time, or make it a dead letter after the last attempt; True when it waits. More
    `changes` are written with it."""
    error = error[:200]
    if row.attempts > len(delays):
        settle(row, state=State.FAILED, last_error=error, **changes)
        return False
    later = now + timedelta(seconds=delays[row.attempts - 1])
    settle(row, state=State.QUEUED, available_at=later, last_error=error, **changes)
    return True


def drain(
    model: type[R],
    act: Callable[[R], Ending | None],
    *,
    clock: Callable[[], datetime],
    lease: timedelta,
    batch: int = 50,
    most: int = 1000,
    delays: Sequence[float] = RETRY_DELAYS,
) -> int:
    """Claim and act until nothing is due or `most` rows are done; returns how many were acted on.

    `act` settles nothing: returning means done (or the ending it returns), raising means retry. The error text stored
    is the exception's type, never its message, which may carry fan names or texts.
    """
    done = 0
    while done < most:
        rows = claim(model, now=clock(), limit=batch, lease=lease)
        if not rows:
            return done
        for row in rows:
            try:
                _act_and_settle(row, act, clock, delays)
            except LeaseLost:  # whoever took the row over settles it; the rows after it are still ours
                log.warning("outbox.lease.lost", table=model._meta.db_table, attempts=row.attempts)
            done += 1
    return done


def _act_and_settle(
    row: R, act: Callable[[R], Ending | None], clock: Callable[[], datetime], delays: Sequence[float]
) -> None:
    try:
        ending = act(row) or Ending()
    except NotYet:
        retry_or_bury(row, now=clock(), error="not yet", delays=delays)
    except Exception as error:  # one poisoned row must not stop the queue; it is recorded and retried
        log.exception("outbox.act.failed", table=row._meta.db_table, attempts=row.attempts)
        retry_or_bury(row, now=clock(), error=type(error).__name__, delays=delays)
    else:
        settle(row, state=ending.state, last_error=ending.note)
