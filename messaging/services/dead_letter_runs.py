"""Runs of staff over every dead letter that a filter finds: asked for, worked on in small steps, cancelled."""

from datetime import datetime, timedelta

from django.contrib.admin.models import ADDITION, LogEntry
from django.db import transaction
from django.db.models import F, Max

from huntaze.kernel import clock, outbox
from huntaze.kernel.actor import Actor
from huntaze.kernel.errors import DomainError, FieldError, Invalid
from huntaze.kernel.jobs import enqueue
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from messaging.errors import RunIsOver
from messaging.models import DeadLetterRun, Delivery
from messaging.selectors import dead_list as letters
from messaging.services.dead_letters import discard_failed, retry_failed
from messaging.types import DeadFilter, DeadLetterDeed

SHORTEST_REASON = 5
#: Rows of one step, and for how long a step may be silent before another worker takes the run over.
STEP, LEASE = 25, timedelta(minutes=2)


def checked_reason(text: str) -> str:
    """Why staff do it; raises Invalid when that is not said."""
    reason = " ".join(text.split())[:200]
    if len(reason) < SHORTEST_REASON:
        raise Invalid(FieldError("reason", "Say in a few words why."))
    return reason


def ask(
    *, wanted: DeadFilter, deed: DeadLetterDeed, reason: str, user_pk: int, now: datetime
) -> DeadLetterRun:
    """A run over everything that the filter finds now; raises Invalid without a reason, or when it finds nothing."""
    reason = checked_reason(reason)
    found = letters.wanted(wanted)
    newest = found.order_by().aggregate(newest=Max("pk"))["newest"]
    if newest is None:
        raise Invalid(FieldError("scope", "There is nothing to do."))
    with transaction.atomic():
        run = DeadLetterRun.objects.create(
            deed=deed,
            cause=wanted.cause,
            workspace_pk=wanted.workspace_pk,
            account_pk=wanted.account_pk,
            reason=reason,
            asked_by_id=user_pk,
            asked_at=now,
            newest_pk=newest,
            total_count=letters.count_of(wanted),
            available_at=now,
        )
        LogEntry.objects.log_actions(user_pk, [run], ADDITION, f"{deed}: {reason}", single_object=True)
    enqueue("messaging.run_dead_letters")
    return run


def cancel(*, run: DeadLetterRun, user_pk: int, now: datetime) -> None:
    """Whoever works on it stops after the step it is in; what is done stays done. Raises RunIsOver."""
    rows = DeadLetterRun.objects.filter(pk=run.pk, state__in=[outbox.State.QUEUED, outbox.State.WORKING])
    ended = {"state": "cancelled", "ended_at": now, "leased_until": None, "lease_token": None}
    with transaction.atomic():
        if not rows.update(**ended):
            raise RunIsOver
        LogEntry.objects.log_actions(user_pk, [run], ADDITION, "cancelled", single_object=True)


def do(*, delivery: Delivery, deed: DeadLetterDeed, actor: Actor, reason: str, now: datetime) -> bool:
    """One dead letter; False when it is none any more, or its workspace has no credit for it."""
    service = retry_failed if deed is DeadLetterDeed.RETRY else discard_failed
    try:
        service(delivery=delivery, actor=actor, now=now, reason=reason)
    except DomainError:
        return False
    return True


def run_due(*, now: datetime) -> int:
    """Work on the oldest run that nobody works on, to its end; returns how many rows it looked at."""
    with cross_workspace("dead letters"):
        runs = outbox.claim(DeadLetterRun, now=now, limit=1, lease=LEASE)
        return sum(_work(run) for run in runs)


def _work(run: DeadLetterRun) -> int:
    looked_at = 0
    try:
        while rows := letters.next_of(run, STEP):
            _step(run, rows)
            looked_at += len(rows)
        outbox.settle(run, state=outbox.State.DONE, ended_at=clock.now())
    except outbox.LeaseLost:  # cancelled, or taken over by another worker, who goes on from where it stands
        pass
    return looked_at


def _step(run: DeadLetterRun, rows: list[Delivery]) -> None:
    done, now = 0, clock.now()
    actor, deed = Actor.staff(run.asked_by_id), DeadLetterDeed(run.deed)
    for delivery in rows:
        with workspace_scope(delivery.workspace_id):
            done += do(delivery=delivery, deed=deed, actor=actor, reason=run.reason, now=now)
    run.position = rows[-1].pk
    mine = DeadLetterRun.objects.filter(pk=run.pk, lease_token=run.lease_token)
    moved = mine.update(
        position=run.position,
        done_count=F("done_count") + done,
        refused_count=F("refused_count") + len(rows) - done,
        leased_until=now + LEASE,
    )
    if not moved:
        raise outbox.LeaseLost(f"DeadLetterRun {run.pk}")
