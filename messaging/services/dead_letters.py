"""What people do with messages that did not simply go out: retry, discard, cancel, decide."""

from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from accounts.services import audit
from huntaze.kernel import metrics
from huntaze.kernel.limiter import Lane
from messaging.errors import NotFailed, NotUncertain, TooLate
from messaging.models import Delivery, Message
from messaging.rules.outcomes import WITHDRAWN
from messaging.services import credits, limits
from messaging.services.fans import touch
from messaging.services.forecasts import forecast
from messaging.services.news import show_queues, tell_ended
from messaging.types import DeliveryState

#: A person's word ends a look-up, also one that is under way: without its lease it can't write any more.
NO_LOOKUP: dict[str, Any] = {"needs_lookup": False, "leased_until": None, "lease_token": None}


def new_promise(delivery: Delivery, now: datetime) -> datetime:
    """When it would go out if it were queued again now; asks Redis, so it comes before any transaction."""
    return forecast(account=delivery.account, priority=delivery.priority, scheduled_at=None, now=now).at


def retry_failed(
    *,
    delivery: Delivery,
    actor: audit.Actor,
    now: datetime,
    promised_at: datetime | None = None,
    reason: str = "",
) -> datetime:
    """Queue a dead letter again, attempts kept; raises NotFailed, CreditsExhausted, ReadOnlyAccess. Returns when it was
    queued.

    `promised_at` is `new_promise` from a caller who has a transaction open by now; `reason` is why staff do it.
    """
    changes = _queued_again(promised_at or new_promise(delivery, now), now)
    with transaction.atomic():
        failed = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.FAILED)
        row = failed.select_for_update(of=("self",), no_key=True).first()
        if row is None:
            raise NotFailed
        failed.update(**changes, **credits.again(row, now))
        _record(delivery, actor, "message.retried", now, {"error": delivery.last_error}, reason)
    return now


def discard_failed(*, delivery: Delivery, actor: audit.Actor, now: datetime, reason: str = "") -> None:
    """Take a dead letter off the list for good: it is never sent, its error stays with it; raises NotFailed."""
    with transaction.atomic():
        rows = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.FAILED)
        if not rows.update(state=DeliveryState.CANCELLED):
            raise NotFailed
        credits.end([delivery.pk])
        _record(delivery, actor, "message.discarded", now, {"error": delivery.last_error}, reason)


def cancel(*, delivery: Delivery, actor: audit.Actor, now: datetime) -> DeliveryState:
    """Withdraw a message that has not left; raises TooLate once it is on its way.

    Returns what it is now: cancelled, or uncertain again if an earlier attempt of it may have arrived. That is looked
    up, and it is not repeated.
    """
    waiting = [DeliveryState.HELD, DeliveryState.SCHEDULED, DeliveryState.QUEUED]
    doubt = {
        "state": DeliveryState.UNCERTAIN,
        "last_error": WITHDRAWN,
        "needs_lookup": True,
        "available_at": now,
    }
    with transaction.atomic():
        rows = Delivery.objects.filter(pk=delivery.pk, state__in=waiting)
        if rows.filter(replays=0).update(state=DeliveryState.CANCELLED):
            state = DeliveryState.CANCELLED
            credits.end([delivery.pk])
        elif rows.filter(replays__gt=0).update(**doubt):
            state = DeliveryState.UNCERTAIN
        else:
            raise TooLate
        _record(delivery, actor, "message.cancelled", now, {"state": str(state)})
    return state


def it_arrived(*, delivery: Delivery, actor: audit.Actor, now: datetime) -> None:
    """A person has seen an uncertain message in the chat; raises NotUncertain."""
    with transaction.atomic():
        rows = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.UNCERTAIN)
        if not rows.update(state=DeliveryState.SENT, last_error="", answered_at=now, **NO_LOOKUP):
            raise NotUncertain
        sent_at = delivery.dispatched_at or now
        Message.objects.filter(pk=delivery.written.pk, sent_at=None).update(sent_at=sent_at)
        touch(delivery.written.conversation_id, sent_at)
        credits.end([delivery.pk])
        tell_ended([delivery.pk])
        _record(delivery, actor, "message.declared_arrived", now, {})
    metrics.UNCERTAIN_RESOLVED.labels("person").inc()


def send_again(*, delivery: Delivery, actor: audit.Actor, now: datetime) -> None:
    """A person has seen that an uncertain message is not in the chat; raises NotUncertain."""
    changes = _queued_again(new_promise(delivery, now), now)
    with transaction.atomic():
        rows = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.UNCERTAIN)
        if not rows.update(**changes):
            raise NotUncertain
        _record(delivery, actor, "message.sent_again", now, {})
    metrics.UNCERTAIN_RESOLVED.labels("person").inc()


def _queued_again(promised_at: datetime, now: datetime) -> dict[str, Any]:
    """The row as if queued now, with a new promise: the old one is long past, and lateness is measured by it."""
    times = {"available_at": now, "queued_at": now, "promised_at": promised_at}
    return {"state": DeliveryState.QUEUED} | times | NO_LOOKUP


def _record(
    delivery: Delivery,
    actor: audit.Actor,
    action: str,
    now: datetime,
    changes: dict[str, object],
    reason: str = "",
) -> None:
    audit.record(
        workspace_id=delivery.workspace_id,
        actor=actor,
        action=action,
        now=now,
        target=delivery.reference,
        changes=changes,
        reason=reason,
    )
    transaction.on_commit(partial(limits.poke, [(delivery.account_id, Lane(delivery.lane))]))
    show_queues([delivery.account_id])
