"""Owns the vendor's JSON for fans, chats and messages."""

from typing import Any

from ...clock import iso
from ...http import Json
from ...world import DAY, Account, Chat, Fan, Media, Message, Transaction
from .core import cents

CANCEL_SECONDS = 119
ONLINE_SECONDS = 300
SYSTEM_LISTS = (("fans", "Fans"), ("following", "Following"), ("recent", "Recent"), ("muted", "Muted"))


def is_active(fan: Fan, now: float) -> bool:
    return fan.expires_at > now


def months_words(months: int) -> str:
    return "1 month" if months == 1 else f"{months} months"


def subscription(fan: Fan, now: float) -> Json:
    """`subscribedOnData`: the fan's subscription to the creator, and what was spent."""
    return {
        "price": cents(fan.price),
        "newPrice": cents(fan.price),
        "regularPrice": cents(fan.price),
        "subscribePrice": cents(fan.price),
        "discountPercent": 0,
        "discountPeriod": 0,
        "discountStartedAt": None,
        "discountFinishedAt": None,
        "unsubscribeReason": "",
        "duration": months_words(fan.months),
        "isMuted": False,
        "hasActivePaidSubscriptions": is_active(fan, now),
        "status": None if fan.auto_renew else "Set to Expire",
        "subscribeAt": iso(fan.subscribed_at),
        "expiredAt": iso(fan.expires_at),
        "renewedAt": iso(fan.renewed_at) if fan.renewed_at else None,
        "totalSumm": cents(fan.total),
        "tipsSumm": cents(fan.spent["tips"]),
        "messagesSumm": cents(fan.spent["messages"]),
        "postsSumm": cents(fan.spent["posts"]),
        "subscribesSumm": cents(fan.spent["subscribes"]),
        "streamsSumm": cents(fan.spent["streams"]),
    }


def list_states(account: Account, fan: Fan, now: float) -> list[Json]:
    rows = [_list_state("fans", "fans", "Fans", is_active(fan, now), system=True)]
    for row in account.lists.values():
        rows.append(_list_state(str(row.id), "custom", row.name, fan.id in row.members, system=False))
    return rows


def _list_state(list_id: str, kind: str, name: str, has_user: bool, *, system: bool) -> Json:
    return {
        "id": list_id,
        "type": kind,
        "name": name,
        "hasUser": has_user,
        "canAddUser": not system,
        "cannotAddUserReason": None,
    }


def fan_object(account: Account, fan: Fan, now: float) -> Json:
    """The fields of a user that every list of the vendor has in common."""
    return {
        "view": "s",
        "id": fan.id,
        "name": fan.name,
        "username": fan.username,
        "displayName": fan.custom_name,
        "notice": fan.notes,
        "avatar": None,
        "avatarThumbs": None,
        "isVerified": False,
        "isPerformer": False,
        "isRealPerformer": False,
        "isRestricted": fan.restricted,
        "isBlocked": fan.blocked,
        "canReceiveChatMessage": not fan.blocked,
        "canReport": True,
        "canRestrict": True,
        "canTrialSend": False,
        "lastSeen": iso(now if now - fan.last_seen < ONLINE_SECONDS else fan.last_seen),
        "tipsEnabled": True,
        "tipsTextEnabled": True,
        "tipsMin": 5,
        "tipsMax": 200,
        "subscribedBy": False,
        "subscribedOn": is_active(fan, now),
        "subscribedOnExpiredNow": not is_active(fan, now),
        "subscribedOnDuration": months_words(fan.months),
        "subscribedOnData": subscription(fan, now),
        "listsStates": list_states(account, fan, now),
    }


def small_user(fan: Fan) -> Json:
    return {
        "view": "s",
        "id": fan.id,
        "name": fan.name,
        "username": fan.username,
        "avatar": None,
        "avatarThumbs": None,
        "isVerified": False,
    }


def cancel_seconds(message: Message, now: float) -> int:
    """Counts down from 119 for the creator's own messages; 0 for a fan's."""
    if not message.from_creator:
        return 0
    return max(0, CANCEL_SECONDS - int(now - message.created))


def message_object(account: Account, message: Message, now: float, *, sent_by_me: bool = True) -> Json:
    """The whole message. `sent_by_me` False leaves out isSentByMe, as the answer to a send does."""
    locked = message.from_creator and message.price > 0 and not message.opened
    shape: dict[str, Any] = {
        "responseType": "message",
        "id": message.id,
        "text": f"<p>{message.text}</p>" if message.text else "",
        "giphyId": message.giphy_id,
        "lockedText": message.locked_text,
        "isFree": message.price == 0,
        "price": cents(message.price),
        "isMediaReady": True,
        "mediaCount": len(message.media),
        "media": [media_in_message(account, number, locked) for number in message.media],
        "previews": message.previews,
        "isTip": message.tip > 0,
        "isReportedByMe": False,
        "isCouplePeopleMedia": False,
        "queueId": message.queue_id,
        "isMarkdownDisabled": False,
        "releaseForms": [],
        "fromUser": {"id": account.onlyfans_id if message.from_creator else message.fan_id, "_view": "s"},
        "isFromQueue": message.queue_id is not None,
    }
    if sent_by_me:
        shape["isSentByMe"] = message.from_creator
    shape |= {
        "isOpened": message.opened,
        "isNew": cancel_seconds(message, now) > 0,
        "createdAt": iso(message.created),
        "changedAt": iso(message.changed),
        "cancelSeconds": cancel_seconds(message, now),
        "isLiked": message.liked,
        "canPurchase": False,
        "canPurchaseReason": _purchase_reason(message),
        "canReport": not message.from_creator,
        "canBePinned": True,
        "isPinned": message.pinned,
    }
    return shape


def _purchase_reason(message: Message) -> str:
    if message.opened:
        return "opened"
    return "free" if message.price == 0 else "own_message" if message.from_creator else "not_opened"


def media_in_message(account: Account, number: int, locked: bool) -> Json:
    media = account.media.get(number)
    return {
        "id": number,
        "type": media.type if media else "photo",
        "canView": not locked,
        "isReady": True,
        "hasError": False,
        "createdAt": iso(media.created) if media else None,
        "duration": 0,
    }


def chat_object(account: Account, fan: Fan, chat: Chat, now: float) -> Json:
    last = message_object(account, chat.messages[-1], now, sent_by_me=False) if chat.messages else None
    if last is not None:
        del last["releaseForms"]
    return {
        "fan": {**fan_object(account, fan, now), "canChat": True},
        "canGoToProfile": True,
        "canSendMessage": not fan.blocked,
        "canNotSendReason": False,
        "unreadMessagesCount": chat.unread,
        "lastReadMessageId": chat.last_read_id,
        "hasUnreadTips": chat.unread_tips,
        "hasPurchasedFeed": False,
        "isMutedNotifications": chat.muted,
        "countPinnedMessages": sum(message.pinned for message in chat.messages),
        "lastMessage": last,
    }


def transaction_object(row: Transaction, fan: Fan, now: float) -> Json:
    fee = row.cents * 20 // 100
    pending = max(0, 7 - int((now - row.created) // DAY))
    status = "done" if row.status == "loading" and pending == 0 else row.status
    link = f'<a href="https://onlyfans.com/{fan.username}">{fan.name}</a>'
    words = {
        "chat_messages": "Payment for message from",
        "tips": "Tip from",
        "post": "Payment for post from",
        "subscribes": "Subscription from" if row.first else "Recurring subscription from",
    }
    return {
        "id": row.id,
        "amount": cents(row.cents),
        "net": cents(row.cents - fee),
        "fee": cents(fee),
        "vatAmount": 0,
        "taxAmount": 0,
        "currency": "USD",
        "createdAt": iso(row.created),
        "description": f"{words.get(row.type, 'Payment from')} {link}",
        "type": row.type,
        "status": status,
        "payoutPendingDays": pending,
        "user": small_user(fan),
    }


def vault_object(media: Media, now: float) -> Json:
    url = f"https://cdn.sandbox.invalid/{media.type}/{media.id}"
    return {
        "id": media.id,
        "type": media.type,
        "createdAt": iso(media.created),
        "duration": 12 if media.type in ("video", "audio") else 0,
        "isReady": media.ready_at <= now,
        "hasError": bool(media.error),
        "canView": True,
        "convertedToVideo": False,
        "hasCustomPreview": False,
        "files": {"full": {"url": url, "width": 1080, "height": 1350, "size": 240_000, "sources": []}},
        "releaseForms": [],
    }
