"""What messaging tells the webhook endpoints of a workspace, in the transaction of what it tells: ids and states."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from accounts.rules.webhooks import EventKind
from accounts.services.webhooks.events import Event, announce, announce_one, has_listeners, is_heard
from huntaze.kernel import clock
from messaging.models import Campaign, Delivery, Message
from messaging.types import DeliveryState

_KINDS = {
    DeliveryState.SENT: EventKind.MESSAGE_SENT,
    DeliveryState.FAILED: EventKind.MESSAGE_FAILED,
    DeliveryState.UNCERTAIN: EventKind.MESSAGE_UNCERTAIN,
}


def tell_deliveries(pks: Collection[int]) -> None:
    """How messages ended that have just been written; whatever still waits says nothing. One small query while nobody
    listens."""
    if not pks or not has_listeners():
        return
    rows = Delivery.objects.filter(is_heard("workspace"), pk__in=pks, state__in=list(_KINDS))
    events = [
        Event(row.workspace_id, _KINDS[DeliveryState(row.state)], _told(row))
        for row in rows.with_everything().order_by("pk")
    ]
    announce(events, now=clock.now())


def _told(row: Delivery) -> dict[str, Any]:
    return {
        "messageId": row.reference,
        "deliveryId": row.public_id,
        "accountId": row.account.public_id,
        "fanId": row.fan.public_id,
        "campaignId": row.campaign.public_id if row.campaign else None,
        "state": str(row.state),
        "reason": row.last_error or None,
        "attempts": row.attempts,
    }


def tell_received(message: Message) -> None:
    """A fan wrote; the text is not told."""
    if has_listeners():
        announce_one(
            workspace_pk=message.workspace_id,
            kind=EventKind.MESSAGE_RECEIVED,
            data={
                "messageId": message.public_id,
                "accountId": message.account.public_id,
                "fanId": message.conversation.fan.public_id,
                "receivedAt": clock.iso(message.created_at),
            },
            now=clock.now(),
        )


def tell_finished(campaign: Campaign, *, state: str, reason: str, now: datetime) -> None:
    """A campaign came to its end: done, failed, or taken back."""
    announce_one(
        workspace_pk=campaign.workspace_id,
        kind=EventKind.CAMPAIGN_FINISHED,
        data={
            "campaignId": campaign.public_id,
            "accountId": campaign.account.public_id,
            "state": state,
            "reason": reason or None,
        },
        now=now,
    )
