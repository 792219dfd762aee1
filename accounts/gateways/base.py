"""What accounts asks of a platform with OAuth. Errors are those of huntaze.platforms.errors."""

from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from accounts.types import Profile, Tokens

#: Reads a setting by its name.
Read = Callable[[str], str]


class ConsentGateway(Protocol):
    """The way to a platform's consent page and back."""

    def address(self, *, redirect_uri: str, state: str, verifier: str) -> str:
        """The page on which a person agrees; `verifier` proves later that it was we who sent them there."""
        ...

    async def exchange(self, *, code: str, redirect_uri: str, verifier: str) -> Tokens:
        """Tokens for a code, which is good once. Permanent("reconnect") for one that is used, old or not ours."""
        ...


class TokenGateway(Protocol):
    """What tokens are good for, and their end."""

    async def profiles(self, tokens: Tokens) -> list[Profile]:
        """The accounts that they open. Permanent("reconnect") when they open nothing any more."""
        ...

    async def refresh(self, tokens: Tokens) -> Tokens:
        """New ones; the old ones may be dead from then on."""
        ...

    async def revoke(self, tokens: Tokens) -> None:
        """They, and the grant behind them, open nothing any more. Permanent("unsupported") where only the person can
        do that, in the platform's own settings."""
        ...


class OAuthGateway(ConsentGateway, TokenGateway, Protocol):
    """An open connection to one platform; an async context manager inside one event loop."""

    #: Settings without which the platform can't be asked.
    NEEDS: tuple[str, ...]
    #: What is asked for; without the first nothing can be connected, the others open features.
    SCOPES: tuple[str, ...]

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
