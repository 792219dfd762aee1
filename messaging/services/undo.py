"""Taking back a message that its sender has just sent from a page, while it waits to leave."""

from datetime import datetime

from django.db import transaction

from accounts.services import audit
from huntaze.kernel.api.principal import Principal
from messaging.errors import TooLate
from messaging.models import Delivery
from messaging.selectors.undo import may_undo
from messaging.services import credits
from messaging.services.news import show_queues
from messaging.types import DeliveryState


def undo(*, delivery: Delivery, principal: Principal, now: datetime) -> None:
    """It will never leave, and its credit is back. Raises TooLate for what is not held any more, or not the caller's.

    The row decides: what the scheduler has let go in the same moment is not taken back.
    """
    if not may_undo(delivery, principal.member_pk):
        raise TooLate
    with transaction.atomic():
        held = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.SCHEDULED, attempts=0)
        if not held.update(state=DeliveryState.CANCELLED):
            raise TooLate
        credits.end([delivery.pk])
        audit.record(
            workspace_id=delivery.workspace_id,
            actor=audit.Actor.of(principal),
            action="message.undone",
            now=now,
            target=delivery.reference,
        )
        show_queues([delivery.account_id])
