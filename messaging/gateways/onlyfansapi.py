"""OnlyFans through OnlyFansAPI.com."""

import html
import re
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from huntaze.platforms.errors import Permanent
from huntaze.platforms.onlyfansapi import ChatMessage, OnlyFansApi
from messaging.rules.content import normalised
from messaging.types import Outgoing, Receipt

_TAG = re.compile(r"<[^>]*>")
_BREAK = re.compile(r"<\s*(br|/p)\b[^>]*>", re.IGNORECASE)
#: A message that the platform dates this much before our first attempt can still be ours (clocks differ).
SLACK = timedelta(seconds=5)


class OnlyFansGateway:
    """Speaks HTML to the platform: our plain text is escaped on the way out, tags are taken off on the way in."""

    def __init__(self, client: OnlyFansApi) -> None:
        self._client = client

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def send(self, message: Outgoing) -> Receipt:
        sent = await self._client.send_message(
            message.account_external_id,
            message.fan_external_id,
            text=as_html(message.text),
            price=message.price,
            media_ids=message.media_ids,
            is_locked_text=message.is_locked_text,
            idempotency_key=message.key,
        )
        return Receipt(sent.id, sent.was_replayed)

    async def find(self, message: Outgoing) -> list[str]:
        rows = await self._client.messages(message.account_external_id, message.fan_external_id, limit=20)
        return [row.id for row in rows if row.is_sent_by_me and is_same(message, row)]

    async def unsend(self, message: Outgoing, platform_message_id: str) -> None:
        try:
            await self._client.unsend(
                message.account_external_id, message.fan_external_id, platform_message_id
            )
        except Permanent as error:
            if error.code in {"refused", "forbidden", "invalid"}:
                raise Permanent("too_late") from error
            raise


def as_html(text: str) -> str:
    """Plain text as the platform's HTML: escaped, with line breaks kept."""
    return html.escape(text, quote=False).replace("\r\n", "\n").replace("\n", "<br>")


def as_text(markup: str) -> str:
    """The platform's HTML as plain text."""
    return html.unescape(_TAG.sub("", _BREAK.sub("\n", markup).removesuffix("\n")))


def is_same(message: Outgoing, row: ChatMessage) -> bool:
    """Whether a message of the chat can be the one we sent."""
    return (
        normalised(as_text(row.text)) == normalised(message.text)
        and row.price == message.price
        and row.media_count == len(message.media_ids)
        and _is_late_enough(message.first_attempt_at, row.created_at)
    )


def _is_late_enough(first_attempt_at: datetime | None, created_at: str) -> bool:
    if first_attempt_at is None:
        return True
    try:
        created = datetime.fromisoformat(created_at)
    except ValueError:
        return False
    return created.tzinfo is not None and created >= first_attempt_at - SLACK
