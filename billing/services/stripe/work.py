"""Working on Stripe's events: claim, look, settle. A worker that dies anywhere leaves a row that the next one takes."""

import time as timer
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog
from django.db import transaction

from billing.models import StripeEvent
from billing.rules.stripe_events import DELAYS, TYPES
from billing.services.stripe import inbox, mirror
from billing.services.stripe.apply import APPLIED, IGNORED, apply
from billing.services.stripe.look import Seen, look
from huntaze.kernel import context, metrics, outbox
from huntaze.kernel.outbox import LeaseLost, State
from huntaze.kernel.tenancy import cross_workspace
from huntaze.platforms.errors import Permanent, PlatformError

log = structlog.get_logger(__name__)

#: Seconds after which a run makes room for the next one.
RUN_SECONDS = 60.0


def process_due(*, time: Callable[[], datetime], most: int = 1_000) -> int:
    """Work on what is due until nothing is, `most` are done or the time is up; returns how many were worked on."""
    done, end = 0, timer.monotonic() + RUN_SECONDS
    with cross_workspace("process Stripe events"):
        while done < most and timer.monotonic() < end:
            row = inbox.claim(now=time())
            if row is None:
                break
            with context.bind(trace_id=row.trace_id or None):
                _work(row, time)
            done += 1
    return done


def _work(row: StripeEvent, time: Callable[[], datetime]) -> None:
    try:
        others = inbox.told_by_a_look_at(row)
        seen = look(row) if is_ours(row) else Seen()
        mirror.keep(seen.mirror)
        outcome = settle(row, seen, time(), others)
    except LeaseLost:
        outcome = "lease_lost"
        log.warning("billing.stripe.lease_lost", attempts=row.attempts)
    except Permanent as error:
        outcome = _refused(row, error, time())
    except PlatformError as error:
        outcome = _later(row, error.code, time())
    except Exception as error:  # one poisoned event must not stop the queue; it is recorded and retried
        log.exception("billing.stripe.event_failed", attempts=row.attempts)
        outcome = _later(row, type(error).__name__, time())
    metrics.STRIPE_EVENTS.labels(outcome).inc()


def is_ours(row: StripeEvent) -> bool:
    return row.type in TYPES or row.source in ("checkout_return", "reconcile")


def settle(row: StripeEvent, seen: Seen, now: datetime, others: Sequence[int] = ()) -> str:
    """Write what was seen in one transaction, if the lease is still ours; raises LeaseLost otherwise.

    `others` are keys of events that were there before Stripe was asked: where it was asked for the customer, nothing
    more can be learned from them.
    """
    with transaction.atomic():
        outbox.settle(row, state=State.DONE, done_at=now, last_error="")
        outcome = apply(row, seen, now)
        StripeEvent.objects.filter(pk=row.pk).update(outcome=outcome)
        if seen.customer is not None and outcome == APPLIED:
            waiting = StripeEvent.objects.filter(pk__in=others, state=State.QUEUED)
            waiting.update(state=State.DONE, outcome=APPLIED, done_at=now)
    metrics.WEBHOOK_LAG_SECONDS.labels(inbox.VENDOR).observe(
        max(0.0, (now - row.received_at).total_seconds())
    )
    return outcome


def _refused(row: StripeEvent, error: Permanent, now: datetime) -> str:
    """What is gone at Stripe needs nothing from us. Anything else is our own fault, and may be put right."""
    if error.code != "resource_missing":
        return _later(row, error.code, now)
    try:
        outbox.settle(row, state=State.DONE, outcome=IGNORED, done_at=now, last_error="resource_missing")
    except LeaseLost:
        return "lease_lost"
    return IGNORED


def _later(row: StripeEvent, code: str, now: datetime) -> str:
    try:
        waits = outbox.retry_or_bury(row, now=now, error=code, delays=DELAYS)
    except LeaseLost:
        return "lease_lost"
    if not waits:
        metrics.STRIPE_ALERTS.labels("dead").inc()
        log.error("billing.stripe.dead_letter", webhook_event=row.type, code=code)
    return "retry" if waits else "dead"
