"""What the clients of platforms with OAuth share: what they give, one call, and how it ends.

A client knows its vendor's addresses, forms and errors; it keeps nothing and logs nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, NoReturn, Self

from huntaze.kernel.http import Answer, HttpClient, NotSent, SentNoAnswer, Timeouts
from huntaze.platforms.errors import Permanent, PlatformError, Transient, Uncertain

#: The access is no longer good, or the grant behind it: the person has to agree again.
RECONNECT = "reconnect"
#: The platform does not know our own id and secret: the operator's trouble, not the account's.
OUR_CLIENT = "our_client"
#: Characters of an id or a name that we keep.
LONGEST_ID = 100


@dataclass(frozen=True, slots=True)
class Token:
    """What a platform gave. Lives are seconds, None where it has no end; `subject` is whose it is, where it says so."""

    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    expires_in: int | None = None
    scopes: tuple[str, ...] | None = None
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """An account that a token opens; `parent` is what it belongs to, where the platform has such a thing."""

    id: str
    handle: str
    parent: str = ""


class OAuthClient:
    """Use as an async context manager inside one event loop; `hosts` are base URLs by a name of the client's own.

    Every call raises Transient or Permanent; those that change something may also raise Uncertain.
    """

    vendor = ""

    def __init__(self, *, timeout: float, **hosts: str) -> None:
        limits = Timeouts(total=timeout)
        self._hosts = {
            name: HttpClient(url, vendor=self.vendor, timeouts=limits, connections=4, max_bytes=1024 * 1024)
            for name, url in hosts.items()
        }

    async def __aenter__(self) -> Self:
        for host in self._hosts.values():
            await host.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for host in self._hosts.values():
            await host.__aexit__(kind, error, trace)

    async def _read(self, host: str, path: str, operation: str, **sent: Any) -> dict[str, Any]:
        return await self._call(host, "GET", path, operation, is_write=False, **sent)

    async def _write(self, host: str, method: str, path: str, operation: str, **sent: Any) -> dict[str, Any]:
        return await self._call(host, method, path, operation, is_write=True, **sent)

    async def _call(
        self,
        host: str,
        method: str,
        path: str,
        operation: str,
        *,
        is_write: bool,
        token: str = "",
        form: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            answer = await self._hosts[host].request(
                method, path, operation=operation, data=form, params=params, headers=headers
            )
        except NotSent as error:
            raise Transient(error.code, is_on_wire=False) from error
        except SentNoAnswer as error:
            raise unknown(error.code, is_write) from error
        found = body_of(answer)
        refusal = self._refusal(answer, found or {}, is_write)
        if refusal is not None:
            raise refusal
        if found is None:
            raise unknown("unreadable", is_write)
        return found

    def _refusal(self, answer: Answer, body: dict[str, Any], is_write: bool) -> PlatformError | None:
        """The vendor's error table; None for a success."""
        raise NotImplementedError


def unknown(code: str, is_write: bool) -> PlatformError:
    """A call that was on the wire and told us nothing we can read."""
    return Uncertain(code) if is_write else Transient(code)


def of_status(answer: Answer, is_write: bool) -> PlatformError:
    """What a refusal without words of the vendor's means."""
    if answer.status == 429:
        return Transient("rate_limited", retry_after=60.0)
    if answer.status >= 500 or answer.status == 408:
        return unknown("server_error", is_write)
    return Permanent("refused", status=answer.status)


def body_of(answer: Answer) -> dict[str, Any] | None:
    """The JSON object that was answered; None for anything else."""
    try:
        body = answer.json()
    except SentNoAnswer:
        return None
    return body if isinstance(body, dict) else None


def text(value: Any) -> str:
    """An id or a token as text; empty for anything that is neither."""
    return str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""


def needed(body: Mapping[str, Any], name: str) -> str:
    """A token that has to be there. Raises Uncertain: the platform did what we asked, and what it gave is lost."""
    found = body.get(name)
    if not isinstance(found, str) or not found:
        lost()
    return found


def lost() -> NoReturn:
    raise Uncertain("unreadable")


def seconds(value: Any) -> int | None:
    """A life in whole seconds; None where the platform tells none, or 0, which is its word for no end."""
    digits = text(value)
    return int(digits) if digits.isdigit() and int(digits) > 0 else None


def words(value: Any) -> tuple[str, ...] | None:
    """Scopes as a list, or as one text with commas; None where the platform does not tell them. At most 50."""
    if isinstance(value, str):
        value = [word.strip() for word in value.split(",")]
    if not isinstance(value, list):
        return None
    return tuple(word[:LONGEST_ID] for word in value if isinstance(word, str) and word)[:50]
