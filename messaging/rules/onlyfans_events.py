"""Reading OnlyFansAPI's webhook payloads: pure, and written for the payloads that really come.

In notifications the top-level `user_id` is the creator; the fan is `user.id`, else the number in the chat link. A
purchase names its message only in the link's `firstId`. Amounts come as text in a template's values.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from accounts.types import AccountState

_CHAT_LINK = re.compile(r"/my/chats/chat/(\d{1,20})(?:/?\?[^\"'\s>]*?\bfirstId=(\d{1,20}))?", re.ASCII)
_AMOUNT = re.compile(r"\$(0|[1-9]\d{0,5})(\.\d{2})?", re.ASCII)

ACCOUNT_EVENTS: dict[str, AccountState] = {
    "accounts.connected": AccountState.CONNECTED,
    "accounts.reconnected": AccountState.CONNECTED,
    "accounts.disconnected": AccountState.DISCONNECTED,
    "accounts.session_expired": AccountState.EXPIRED,
    "accounts.authentication_failed": AccountState.EXPIRED,
    "accounts.otp_code_required": AccountState.NEEDS_CODE,
    "accounts.face_otp_required": AccountState.NEEDS_FACE,
}
#: By these a disconnected account comes back.
RETURNS = frozenset({"accounts.connected", "accounts.reconnected"})
#: Presence: worth nothing a minute later, so it is never stored.
EPHEMERAL = frozenset({"users.typing", "users.online", "users.offline"})


#: No platform's id is longer, and our columns hold no more.
LONGEST_ID = 40


class Unreadable(Exception):
    """The payload lacks what the event is about; `args[0]` is a constant reason."""


@dataclass(frozen=True, slots=True)
class Purchase:
    event_id: str
    fan_id: str
    message_id: str | None
    amount: Decimal | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Tip:
    event_id: str
    fan_id: str
    amount: Decimal | None
    at: datetime | None


def text_of(value: Any) -> str:
    """An id as text, whether it came as a number or as text; empty when it is missing or can't be one."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return text if len(text) <= LONGEST_ID and text.isprintable() else ""


def moment(value: Any) -> datetime | None:
    """An aware time; None when it is missing or unreadable."""
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value)
        return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # the latter: an offset that leads out of the calendar
        return None


def amount(value: Any) -> Decimal | None:
    """Dollars as the platform writes them, `$12` or `$12.00`; anything else is unknown."""
    match = _AMOUNT.fullmatch(value) if isinstance(value, str) else None
    return Decimal(match[0][1:]) if match else None


def decimal_amount(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() and 0 <= number < 1_000_000 else None


def purchase(payload: Mapping[str, Any]) -> Purchase:
    """`messages.ppv.unlocked`; raises Unreadable without a fan or an id."""
    pairs = _mapping(payload.get("replacePairs"))
    link = _CHAT_LINK.search(f"{pairs.get('{MESSAGE_LINK}') or ''} {payload.get('text') or ''}")
    fan_id = _fan_id(payload) or (link[1] if link else "")
    event_id = text_of(payload.get("id"))
    if not fan_id or not event_id:
        raise Unreadable("no_fan" if event_id else "no_id")
    return Purchase(
        event_id=event_id,
        fan_id=fan_id,
        message_id=link[2] if link else None,
        amount=amount(pairs.get("{AMOUNT}")),
        at=moment(payload.get("createdAt")),
    )


def tip(payload: Mapping[str, Any]) -> Tip:
    """`tips.received`; raises Unreadable without a fan or an id."""
    link = _CHAT_LINK.search(str(payload.get("text") or ""))
    fan_id = _fan_id(payload) or (link[1] if link else "")
    event_id = text_of(payload.get("id"))
    if not fan_id or not event_id:
        raise Unreadable("no_fan" if event_id else "no_id")
    return Tip(
        event_id=event_id,
        fan_id=fan_id,
        amount=decimal_amount(payload.get("amountGross")),
        at=moment(payload.get("createdAt")),
    )


def account_news_at(payload: Mapping[str, Any]) -> datetime | None:
    """When the news about an account happened: the end of the attempt, else its start."""
    attempt = _mapping(payload.get("latestAuthAttempt"))
    return moment(attempt.get("completed_at")) or moment(attempt.get("started_at"))


def _fan_id(payload: Mapping[str, Any]) -> str:
    return text_of(_mapping(payload.get("user")).get("id"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
