"""Rows of messages and deliveries as the product itself would have written them, for inserts by the thousand."""

from datetime import datetime, timedelta
from typing import Any

from huntaze.kernel.limiter import Lane
from messaging.models import Delivery, Message
from messaging.services.demos.people import Cast
from messaging.services.send import text_digest
from messaging.types import AuthorKind, DeliveryState, Direction

BATCH = 1000
#: Ids that the platform would have given; an account has its own.
FIRST_MESSAGE = 5_000_000_000


def message(cast: Cast, fan: int, text: str, at: datetime, **more: Any) -> Message:
    """Something that the platform tells of, unless `more` names an author; sent at `at`."""
    values: dict[str, Any] = {
        "account": cast.account,
        "conversation": cast.talks[fan],
        "direction": Direction.OUTBOUND,
        "author_kind": AuthorKind.PLATFORM,
        "text": text,
        "text_digest": text_digest(text),
        "created_at": at,
        "sent_at": at,
    }
    return Message(**(values | more))


def written(cast: Cast, fan: int, text: str, at: datetime, **more: Any) -> Message:
    """Something that the chatter wrote here."""
    author = cast.team.chatter if cast.number < 2 else cast.team.manager
    mine = {"author_kind": AuthorKind.HUMAN, "author": author, "approved_by": author, "approved_at": at}
    return message(cast, fan, text, at, **(mine | more))


def delivery(cast: Cast, fan: int, state: DeliveryState, at: datetime, **more: Any) -> Delivery:
    """The journey of a message that was queued at `at`."""
    tried = state in {DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNCERTAIN}
    left = at + timedelta(seconds=3)
    values: dict[str, Any] = {
        "account": cast.account,
        "fan": cast.fans[fan],
        "state": state,
        "lane": Lane.INTERACTIVE,
        "priority": 5,
        "queued_at": at,
        "promised_at": left,
        "available_at": at,
        "attempts": int(tried),
        "first_attempt_at": left if tried else None,
        "dispatched_at": left if tried else None,
        "answered_at": left + timedelta(seconds=1) if tried else None,
    }
    return Delivery(**(values | more))


def save(messages: list[Message], deliveries: list[Delivery] | None = None) -> int:
    """Insert messages and then their deliveries; returns how many rows."""
    Message.objects.bulk_create(messages, batch_size=BATCH)
    Delivery.objects.bulk_create(deliveries or [], batch_size=BATCH)
    return len(messages) + len(deliveries or [])
