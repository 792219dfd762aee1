"""What each webhook changes. Every handler can run twice or late: it inserts under a unique key or moves forwards."""
from datetime import datetime
from typing import Any

from django.db.models import F, Q

from accounts.models import PlatformAccount
from accounts.services.audit import Actor
from accounts.services.platform_accounts import move_state
from accounts.types import AccountState
from huntaze.kernel.money import to_minor
from huntaze.kernel.outbox import NotYet
from messaging.gateways.onlyfansapi import as_text
from messaging.models import Conversation, Delivery, Fan, FanSignal, Message
from messaging.rules import onlyfans_events as events
from messaging.services.fans import conversation_of, upsert_fan
from messaging.services.send import text_digest
from messaging.types import AuthorKind, DeliveryState, Direction, SignalKind


def message_received(account: PlatformAccount, payload: dict[str, Any], received_at: datetime) -> None:
    """A fan wrote: the message appears on the conversation, unread."""
    sender = payload.get("fromUser")
    fan = _fan(account, sender if isinstance(sender, dict) else {}, received_at)
    message, is_new = _store_message(account, fan, payload, Direction.INBOUND, AuthorKind.PLATFORM, received_at)
    if not is_new:
        return
    Fan.objects.filter(pk=fan.pk).update(last_active_at=message.created_at)
    rows = Conversation.objects.filter(pk=message.conversation_id)
    rows.update(unread_count=F("unread_count") + 1)
    _touch(rows, message.created_at)


def message_sent(account: PlatformAccount, payload: dict[str, Any], received_at: datetime) -> None:
    """A message left the account: it settles one of ours, or it was written elsewhere."""
    message_id = events.text_of(payload.get("id"))
    if not message_id:
        raise events.Unreadable("no_id")
    if Message.objects.filter(account=account, platform_message_id=message_id).exists():
        return
    receiver = payload.get("toUser")
    fan = _fan(account, receiver if isinstance(receiver, dict) else {}, received_at)
    text = as_text(str(payload.get("text") or ""))
    ours = Delivery.objects.filter(fan=fan, message__text_digest=text_digest(text), message__platform_message_id=None)
    if ours.filter(state=DeliveryState.SENDING).exists():
        raise NotYet  # its own answer is on the way and knows more
    row = ours.filter(state=DeliveryState.UNCERTAIN).order_by("pk").first()
    if row is not None:
        Delivery.objects.filter(pk=row.pk, state=DeliveryState.UNCERTAIN).update(
            state=DeliveryState.SENT, needs_lookup=False, last_error="", answered_at=received_at
        )
        Message.objects.filter(pk=row.message_id).update(
            platform_message_id=message_id, sent_at=events.moment(payload.get("createdAt")) or received_at
        )
        return
    message, _ = _store_message(account, fan, payload, Direction.OUTBOUND, AuthorKind.UNKNOWN, received_at)
    _touch(Conversation.objects.filter(pk=message.conversation_id), message.created_at)


def message_deleted(account: PlatformAccount, payload: dict[str, Any], received_at: datetime) -> None:
    """The payload names the message only, not the chat."""
    message_id = events.text_of(payload.get("id"))
    rows = Message.objects.filter(account=account, platform_message_id=message_id, deleted_at=None)
    rows.update(deleted_at=received_at)


def purchased(account: PlatformAccount, payload: dict[str, Any], received_at: datetime) -> None:
    """A fan unlocked a priced message: a signal on the conversation, and the message is marked bought."""
    found = events.purchase(payload)
    fan = _fan(account, {"id": found.fan_id}, received_at)
    at = found.at or received_at
    message = None
    if found.message_id:
        message = Message.objects.filter(account=account, platform_message_id=found.message_id).first()
    _signal(account, fan, SignalKind.PURCHASE, found.event_id, found.amount, at, message)
    if message is not None:
        Message.objects.filter(pk=message.pk, purchased_at=None).update(purchased_at=at)


def tipped(account: PlatformAccount, payload: dict[str, Any], received_at: datetime) -> None:
    found = events.tip(payload)
    fan = _fan(account, {"id": found.fan_id}, received_at)
    _signal(account, fan, SignalKind.TIP, found.event_id, found.amount, found.at or received_at, None)


def account_changed(
    account: PlatformAccount, state: AccountState, event: str, payload: dict[str, Any], received_at: datetime
) -> None:
    """Moves the state as of the attempt's own time, so that a late failure never undoes a recovery."""
    at = events.account_news_at(payload) or received_at
    move_state(account=account, state=state, reason=event, at=at, actor=Actor.system())


def _fan(account: PlatformAccount, user: dict[str, Any], now: datetime) -> Fan:
    fan_id = events.text_of(user.get("id"))
    if not fan_id:
        raise events.Unreadable("no_fan")
    name = str(user.get("displayName") or user.get("name") or "")
    handle = str(user.get("username") or "")
    return upsert_fan(account=account, platform_user_id=fan_id, name=name, handle=handle, now=now)


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
    text = as_text(str(payload.get("text") or ""))
    at = events.moment(payload.get("createdAt")) or received_at
    price = events.decimal_amount(payload.get("price"))
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
            "price_minor": to_minor(price, "USD") if price else 0,
            "media_ids": [events.text_of(item.get("id")) for item in media if isinstance(item, dict)]
            if isinstance(media, list)
            else [],
            "created_at": at,
            "sent_at": at,
        },
    )


def _signal(
    account: PlatformAccount,
    fan: Fan,
    kind: SignalKind,
    event_id: str,
    amount: Any,
    at: datetime,
    message: Message | None,
) -> None:
    _, is_new = FanSignal.objects.get_or_create(
        account=account,
        kind=kind,
        platform_event_id=event_id,
        defaults={
            "conversation": conversation_of(fan),
            "message": message,
            "amount_minor": None if amount is None else to_minor(amount, "USD"),
            "occurred_at": at,
        },
    )
    if is_new:
        Fan.objects.filter(pk=fan.pk).update(last_active_at=at)


def _touch(conversations: Any, at: datetime) -> None:
    """Time goes forwards only: a late message does not pull the conversation back."""
    conversations.filter(Q(last_message_at=None) | Q(last_message_at__lt=at)).update(last_message_at=at)
