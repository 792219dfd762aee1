"""What the gateways share: opening and closing their client, and a client's words in ours."""

from types import TracebackType
from typing import Generic, Self, TypeVar

from accounts.types import Profile, Tokens
from huntaze.platforms import oauth

C = TypeVar("C", bound=oauth.OAuthClient)


class Opened(Generic[C]):
    """Holds a client for the time of one `async with`."""

    def __init__(self, client: C) -> None:
        self._client = client

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)


def tokens_of(found: oauth.Token) -> Tokens:
    return Tokens(found.access, found.refresh, found.expires_in, found.scopes, found.subject)


def profile_of(found: oauth.Profile) -> Profile:
    """An id that is too long to be kept is none; a name is cut."""
    known = found.id if len(found.id) <= oauth.LONGEST_ID else ""
    name = found.handle.replace("\0", "")[: oauth.LONGEST_ID]
    return Profile(external_id=known, handle=name, parent=found.parent)
