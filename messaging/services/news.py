"""What messaging tells: the webhook endpoints of a workspace, in the transaction of what it tells, ids and states; and
the pages that are open, once that has committed, which names to ask for again."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any

from accounts.models import PlatformAccount
from accounts.rules.webhooks import EventKind
from accounts.services.webhooks.events import Event, announce, announce_one, has_listeners, is_heard
from huntaze.kernel import clock, live
from huntaze.kernel.briefly import Briefly
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


def show_queues(account_pks: Collection[int]) -> None:
    """Something moved in these accounts' queues. One query for accounts that this process has not met lately."""
    found, unmet = _remembered(_met, account_pks)
    for row in PlatformAccount.objects.filter(pk__in=unmet) if unmet else ():
        event = live.Event(row.workspace_id, f"queue_{row.public_id}", row.creator_id, "queue.view")
        _met.put(row.pk, event, seconds=REMEMBERED_S)
        found.append(event)
    live.tell(*found)


def show_deliveries(pks: Collection[int]) -> None:
    """`show_queues` of the accounts of these messages."""
    show_queues(set(Delivery.objects.filter(pk__in=pks).values_list("account_id", flat=True)))


def show_campaigns(pks: Collection[int]) -> None:
    """Something moved in these campaigns."""
    found, unmet = _remembered(_ran, pks)
    for row in Campaign.objects.filter(pk__in=unmet).select_related("account") if unmet else ():
        event = live.Event(row.workspace_id, f"job_{row.public_id}", row.account.creator_id, "queue.view")
        _ran.put(row.pk, event, seconds=REMEMBERED_S)
        found.append(event)
    jobs = {replace(event, name="jobs") for event in found}
    live.tell(*found, *jobs)


#: What does not change about accounts and campaigns, where they belong and their names, is remembered for so many
#: seconds, of so many.
REMEMBERED_S, MOST_REMEMBERED = 3600.0, 10_000
_met: Briefly[int, live.Event] = Briefly(most=MOST_REMEMBERED)
_ran: Briefly[int, live.Event] = Briefly(most=MOST_REMEMBERED)


def _remembered(kept: Briefly[int, live.Event], pks: Collection[int]) -> tuple[list[live.Event], list[int]]:
    """What this process knows, and of which it has to ask."""
    known = {pk: kept.get(pk) for pk in pks}
    return [event for event in known.values() if event], [pk for pk, event in known.items() if event is None]


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


def tell_ended(pks: Collection[int]) -> None:
    """`tell_deliveries`, and the pages that show these messages."""
    tell_deliveries(pks)
    show_deliveries(pks)


def tell_received(message: Message) -> None:
    """A fan wrote; the text is not told."""
    creator = message.account.creator_id
    names = ("inbox", message.conversation.public_id)
    live.tell(*(live.Event(message.workspace_id, name, creator, "inbox.view") for name in names))
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
