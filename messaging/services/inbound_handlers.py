"""What each webhook changes. Every handler can run twice or late: it inserts under a unique key or moves forwards.

A handler that returns False has written what it could and waits for news that is still on its way.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F, Q

from accounts.models import PlatformAccount
from accounts.services.audit import Actor
from accounts.services.platform_accounts import move_state
from accounts.types import AccountState
from huntaze.kernel import clock, metrics
from huntaze.kernel.money import to_minor
from huntaze.kernel.outbox import NotYet
from messaging.gateways.onlyfansapi import SLACK, as_text
from messaging.models import Conversation, Delivery, Fan, FanSignal, Message
from messaging.rules import onlyfans_events as events
from messaging.rules.content import storable
from messaging.rules.prices import currency_of
from messaging.services import credits
from messaging.services.fans import conversation_of, note_activity, touch, upsert_fan
from messaging.services.news import tell_ended, tell_received
from messaging.services.send import text_digest
from messaging.types import AuthorKind, DeliveryState, Direction, SignalKind

#: How long news about a message waits for the message itself; afterwards it is taken for one from before our time.
MESSAGE_MAY_COME = timedelta(seconds=60)
#: How long a report that fits several of our messages waits for their own answers, which know which one it is.
ANSWERS_MAY_COME = timedelta(seconds=300)
#: A report can settle rows in these states; a waiting one only if it may have arrived before (it is being repeated).
REPORTABLE = Q(state__in=[DeliveryState.SENDING, DeliveryState.UNCERTAIN, DeliveryState.SENT]) | Q(
    state__in=[DeliveryState.QUEUED, DeliveryState.SCHEDULED, DeliveryState.HELD], replays__gt=0
)


class ErasedFan(Exception):
    """The event is about somebody who asked to be forgotten: nothing of it is kept."""


def message_received(account: PlatformAccount, payload: dict[str, Any], received_at: datetime) -> None:
    """A fan wrote: the message appears on the conversation, unread."""
    sender = payload.get("fromUser")
    fan = _fan(account, sender if isinstance(sender, dict) else {}, received_at)
    message, is_new = _store_message(
        account, fan, payload, Direction.INBOUND, AuthorKind.PLATFORM, received_at
    )
    if not is_new:
        return
    note_activity(fan, message.created_at)
    Conversation.objects.filter(pk=message.conversation_id).update(unread_count=F("unread_count") + 1)
    touch(message.conversation_id, message.created_at)
    tell_received(message)


def message_sent(account: PlatformAccount, payload: dict[str, Any], received_at: datetime) -> None:
    """A message left the account: it settles one of ours, or it was written elsewhere."""
    message_id = events.text_of(payload.get("id"))
    if not message_id:
        raise events.Unreadable("no_id")
    if Message.objects.filter(account=account, platform_message_id=message_id).exists():
        return
    receiver = payload.get("toUser")
    fan = _fan(account, receiver if isinstance(receiver, dict) else {}, received_at)
    ours = _ours(fan, payload, received_at)
    if any(row.state == DeliveryState.SENDING for row in ours):
        raise NotYet  # its own answer is on the way and knows more
    if len(ours) > 1 and clock.now() - received_at < ANSWERS_MAY_COME:
        raise NotYet
    if ours:
        _settle(ours[0], message_id, events.moment(payload.get("createdAt")) or received_at, received_at)
        return
    message, _ = _store_message(account, fan, payload, Direction.OUTBOUND, AuthorKind.UNKNOWN, received_at)
    touch(message.conversation_id, message.created_at)


def _ours(fan: Fan, payload: dict[str, Any], received_at: datetime) -> list[Delivery]:
    """Our messages to the fan that this report can mean: same text, price and number of media, attempted before."""
    price = events.decimal_amount(payload.get("price"))
    media = payload.get("media")
    media_count = len(media) if isinstance(media, list) else 0
    text = as_text(str(payload.get("text") or ""))
    created = events.moment(payload.get("createdAt")) or received_at
    rows = Delivery.objects.filter(
        REPORTABLE,
        fan=fan,
        message__text_digest=text_digest(text),
        message__price_minor=to_minor(price, currency_of(fan.account.platform)) if price else 0,
        message__platform_message_id=None,
    ).exclude(first_attempt_at__gt=created + SLACK)
    found = [row for row in rows.select_related("message") if len(row.written.media_ids) == media_count]
    order = {DeliveryState.UNCERTAIN: 0, DeliveryState.SENT: 2}
    return sorted(found, key=lambda row: (order.get(DeliveryState(row.state), 1), row.pk))


def _settle(row: Delivery, message_id: str, sent_at: datetime, received_at: datetime) -> None:
    """The platform's own word ends all doubt; the lease goes, so that a look-up under way changes nothing any more."""
    changes = {
        "state": DeliveryState.SENT,
        "needs_lookup": False,
        "last_error": "",
        "answered_at": row.answered_at if row.state == DeliveryState.SENT else received_at,
        "leased_until": None,
        "lease_token": None,
    }
    if not Delivery.objects.filter(pk=row.pk, state=row.state).update(**changes):
        raise NotYet  # it has moved since we looked
    if row.state == DeliveryState.UNCERTAIN:
        metrics.UNCERTAIN_RESOLVED.labels("report").inc()
    Message.objects.filter(pk=row.written.pk).update(platform_message_id=message_id, sent_at=sent_at)
    touch(row.written.conversation_id, sent_at)
    credits.end([row.pk])
    if row.state != DeliveryState.SENT:
        tell_ended([row.pk])


def message_deleted(account: PlatformAccount, payload: dict[str, Any], received_at: datetime) -> bool:
    """The payload names the message only, not the chat."""
    message_id = events.text_of(payload.get("id"))
    if not message_id:
        raise events.Unreadable("no_id")
    rows = Message.objects.filter(account=account, platform_message_id=message_id)
    if not rows.exists():
        return not _may_come(received_at)
    rows.filter(deleted_at=None).update(deleted_at=received_at)
    return True


def _may_come(received_at: datetime) -> bool:
    """Whether a message that we don't know may still be told of."""
    return clock.now() - received_at < MESSAGE_MAY_COME


def purchased(account: PlatformAccount, payload: dict[str, Any], received_at: datetime) -> bool:
    """A fan unlocked a priced message: a signal on the conversation at once, and the message is marked bought."""
    found = events.purchase(payload)
    fan = _fan(account, {"id": found.fan_id}, received_at)
    at = found.at or received_at
    signal = _signal(account, fan, SignalKind.PURCHASE, found.event_id, found.amount, at)
    if found.message_id is None:
        return True
    message = Message.objects.filter(account=account, platform_message_id=found.message_id).first()
    if message is None:
        return not _may_come(received_at)
    FanSignal.objects.filter(pk=signal.pk, message=None).update(message=message)
    Message.objects.filter(pk=message.pk, purchased_at=None).update(purchased_at=at)
    return True


def tipped(account: PlatformAccount, payload: dict[str, Any], received_at: datetime) -> None:
    found = events.tip(payload)
    fan = _fan(account, {"id": found.fan_id}, received_at)
    _signal(account, fan, SignalKind.TIP, found.event_id, found.amount, found.at or received_at)


def account_changed(
    account: PlatformAccount, state: AccountState, event: str, payload: dict[str, Any], received_at: datetime
) -> None:
    """Moves the state as of the attempt's own time, so that a late failure never undoes a recovery; a time to come
    would lock the state until then."""
    at = min(events.account_news_at(payload) or received_at, received_at)
    move_state(account=account, state=state, reason=event, at=at, actor=Actor.system())


def _fan(account: PlatformAccount, user: dict[str, Any], now: datetime) -> Fan:
    fan_id = events.text_of(user.get("id"))
    if not fan_id:
        raise events.Unreadable("no_fan")
    name = str(user.get("displayName") or user.get("name") or "")
    handle = str(user.get("username") or "")
    fan = upsert_fan(account=account, platform_user_id=fan_id, name=name, handle=handle, now=now)
    if fan.erased_at is not None:
        raise ErasedFan
    return fan


def _store_message(
    account: PlatformAccount,
    fan: Fan,
    payload: dict[str, Any],
    direction: Direction,
    author: AuthorKind,
    received_at: datetime,
) -> tuple[Message, bool]:
    """Insert under the platform's message id; a second time finds it there."""
    message_id = events.text_of(payload.get("id"))
    if not message_id:
        raise events.Unreadable("no_id")
    text = storable(as_text(str(payload.get("text") or "")))
    at = events.moment(payload.get("createdAt")) or received_at
    price, currency = events.decimal_amount(payload.get("price")), currency_of(account.platform)
    media = payload.get("media")
    return Message.objects.get_or_create(
        account=account,
        platform_message_id=message_id,
        defaults={
            "conversation": conversation_of(fan),
            "direction": direction,
            "author_kind": author,
            "text": text,
            "text_digest": text_digest(text),
            "price_minor": to_minor(price, currency) if price else 0,
            "currency": currency,
            "media_ids": [events.text_of(item.get("id")) for item in media if isinstance(item, dict)]
            if isinstance(media, list)
            else [],
            "created_at": at,
            "sent_at": at,
        },
    )


def _signal(
    account: PlatformAccount, fan: Fan, kind: SignalKind, event_id: str, amount: Decimal | None, at: datetime
) -> FanSignal:
    currency = currency_of(account.platform)
    signal, is_new = FanSignal.objects.get_or_create(
        account=account,
        kind=kind,
        platform_event_id=event_id,
        defaults={
            "conversation": conversation_of(fan),
            "amount_minor": None if amount is None else to_minor(amount, currency),
            "currency": currency,
            "occurred_at": at,
        },
    )
    if is_new:
        note_activity(fan, at)
    return signal
