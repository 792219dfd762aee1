"""What people do with messages that did not simply go out: retry, cancel, decide."""
from datetime import datetime
from functools import partial

from django.db import transaction

from accounts.services import audit
from huntaze.kernel.limiter import Lane
from messaging.errors import NotFailed, NotUncertain, TooLate
from messaging.models import Delivery, Message
from messaging.services import limits
from messaging.types import DeliveryState


def retry_failed(*, delivery: Delivery, actor: audit.Actor, now: datetime) -> datetime:
    """Queue a dead letter again, attempts kept; raises NotFailed. Returns when it was queued."""
    changes = {"state": DeliveryState.QUEUED, "available_at": now, "queued_at": now, "needs_lookup": False}
    with transaction.atomic():
        failed = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.FAILED)
        if not failed.update(**changes):
            raise NotFailed
        _record(delivery, actor, "message.retried", now, {"error": delivery.last_error})
    return now


def cancel(*, delivery: Delivery, actor: audit.Actor, now: datetime) -> None:
    """Withdraw a message that has not left; raises TooLate once it is on its way."""
    waiting = [DeliveryState.HELD, DeliveryState.SCHEDULED, DeliveryState.QUEUED]
    with transaction.atomic():
        rows = Delivery.objects.filter(pk=delivery.pk, state__in=waiting)
        if not rows.update(state=DeliveryState.CANCELLED):
            raise TooLate
        _record(delivery, actor, "message.cancelled", now, {})


def it_arrived(*, delivery: Delivery, actor: audit.Actor, now: datetime) -> None:
    """A person has seen an uncertain message in the chat; raises NotUncertain."""
    with transaction.atomic():
        rows = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.UNCERTAIN)
        if not rows.update(state=DeliveryState.SENT, needs_lookup=False, answered_at=now):
            raise NotUncertain
        Message.objects.filter(pk=delivery.message_id, sent_at=None).update(sent_at=delivery.dispatched_at or now)
        _record(delivery, actor, "message.declared_arrived", now, {})


def send_again(*, delivery: Delivery, actor: audit.Actor, now: datetime) -> None:
    """A person has seen that an uncertain message is not in the chat; raises NotUncertain."""
    changes = {"state": DeliveryState.QUEUED, "available_at": now, "queued_at": now, "needs_lookup": False}
    with transaction.atomic():
        rows = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.UNCERTAIN)
        if not rows.update(**changes):
            raise NotUncertain
        _record(delivery, actor, "message.sent_again", now, {})


def _record(delivery: Delivery, actor: audit.Actor, action: str, now: datetime, changes: dict[str, object]) -> None:
    audit.record(
        workspace_id=delivery.workspace_id,
        actor=actor,
        action=action,
        now=now,
        target=delivery.message.public_id,
        changes=changes,
    )
    transaction.on_commit(partial(limits.poke, [(delivery.account_id, Lane(delivery.lane))]))
