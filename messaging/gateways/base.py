"""What messaging asks of a platform. Errors are those of huntaze.platforms.errors: Transient, Permanent, Uncertain."""

from types import TracebackType
from typing import Protocol, Self

from messaging.types import Outgoing, Receipt


class MessageGateway(Protocol):
    """An open connection to one platform; an async context manager inside one event loop."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def send(self, message: Outgoing) -> Receipt:
        """Put one message on the wire, once; the key makes a repeat harmless while the platform keeps it."""
        ...

    async def find(self, message: Outgoing) -> list[str]:
        """Platform ids of messages in the chat that could be this one: same text, price and media, not older than
        its first attempt."""
        ...

    async def unsend(self, message: Outgoing, platform_message_id: str) -> None:
        """Withdraw a sent message; Permanent("too_late") when the platform does not allow it any more."""
        ...
