"""The one client for outgoing HTTP, and what can go wrong on the way.

A call ends as an `Answer` (any status) or as one of two failures that differ in what the other side may
have done: `NotSent` (no byte of the request left: DNS, refused, connect time-out, TLS) and `SentNoAnswer`
(the request, or a part of it, was on the wire and no complete, readable answer came back).

Redirects are not followed, cookies not kept, proxies of the environment not used, and nothing is sent
twice: aiohttp's own repetition of idempotent methods on a kept-alive connection is switched off. A server
that closes a kept-alive connection while we write to it is `SentNoAnswer`, because it may have read us.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from types import TracebackType
from typing import Any, Self

import aiohttp
import structlog
from prometheus_client import Counter, Histogram
from yarl import URL

from huntaze.kernel import context, metrics

log = structlog.get_logger(__name__)

#: A certificate that does not fit, or a name that leads inside: what somebody may be trying.
_WORTH_A_LOOK = frozenset({"tls", "address_refused"})
MAX_BYTES = 10 * 1024 * 1024
_CHUNK = 64 * 1024
_DECODER = json.JSONDecoder(parse_float=Decimal)


class TransportFailure(Exception):
    """A call that ended without a usable answer. `code` is a constant word for rows and metrics."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class NotSent(TransportFailure):
    """Nothing was put on the wire.

    Codes: dns, connection_refused, connect_timeout, tls, connect, address_refused, invalid_url.
    """


class SentNoAnswer(TransportFailure):
    """The other side may have read the request.

    Codes: timeout, disconnected, reset, truncated, unreadable, too_large.
    """


@dataclass(frozen=True)
class Timeouts:
    """Seconds. `connect` covers waiting for a free connection, DNS, TCP and TLS, and is at most half of `total`,
    which covers the whole call: what never connected must not look like what was never answered.

    There is no limit on silence alone: aiohttp's timer for it can outlive its answer on a kept-alive connection
    and then ends the next call, which never was in trouble.
    """

    connect: float = 5.0
    total: float = 30.0

    def as_aiohttp(self) -> aiohttp.ClientTimeout:
        connect = min(self.connect, self.total / 2)
        return aiohttp.ClientTimeout(total=self.total, connect=connect, sock_connect=connect)


@dataclass(frozen=True)
class Answer:
    """A complete answer. Header names are found in any case; the first of repeated headers stands."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON, fractions as Decimal. Raises SentNoAnswer("unreadable")."""
        try:
            return _DECODER.decode(self.body.decode())
        except ValueError as error:
            raise SentNoAnswer("unreadable") from error


class HttpClient:
    """Calls to one vendor under one base URL. Use as an async context manager, inside one event loop."""

    def __init__(
        self,
        base_url: str,
        *,
        vendor: str,
        headers: Mapping[str, str] | None = None,
        timeouts: Timeouts | None = None,
        max_bytes: int = MAX_BYTES,
        connections: int = 100,
    ) -> None:
        self.base = URL(base_url.rstrip("/"))
        if self.base.scheme not in ("http", "https") or not self.base.host:
            raise ValueError("the base URL has to be absolute and http or https")
        self._base_text = str(self.base).rstrip("/")
        self.vendor = vendor
        self._headers = dict(headers or {})
        self._timeout = (timeouts or Timeouts()).as_aiohttp()
        self._max_bytes = max_bytes
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=self._make_connector(),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=self._headers,
            timeout=self._timeout,
            trust_env=False,
        )
        self._session._retry_connection = False  # a repeated write is the caller's decision
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _make_connector(self) -> aiohttp.TCPConnector:
        return aiohttp.TCPConnector(
            limit=self._connections, limit_per_host=self._connections, keepalive_timeout=15
        )

    def url(self, path: str) -> URL:
        """The address of a path under the base, or of an absolute URL that the vendor handed out for it.

        Raises ValueError for a path that climbs (`..`) and for a URL of another origin or above the base.
        """
        if "://" in path and not path.startswith("/"):
            target = URL(path)
            below = target.path == self.base.path or target.path.startswith(self.base.path.rstrip("/") + "/")
            if target.origin() != self.base.origin() or not below:
                raise ValueError("the URL does not belong to this vendor")
            return target
        if not path.startswith("/") or path.startswith("//"):
            raise ValueError("a path starts with one slash and does not climb")
        target = URL(self._base_text + path)
        if "." in path and ".." in URL(path).parts:
            raise ValueError("a path starts with one slash and does not climb")
        return target

    async def request(
        self,
        method: str,
        path: str,
        *,
        operation: str,
        json: Any = None,
        data: Any = None,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
        timeouts: Timeouts | None = None,
    ) -> Answer:
        """One call, sent at most once. `operation` is a constant word for the metrics.

        `data` is bytes, a mapping for a form, or an aiohttp.FormData. The key travels as `Idempotency-Key`.
        Raises NotSent, SentNoAnswer; ValueError for a path that is none.
        """
        if self._session is None:
            raise RuntimeError("the client is used outside its context")
        started, outcome = time.perf_counter(), "cancelled"
        target = self.url(path)
        sent_headers = {**(headers or {}), "X-Request-ID": context.trace_id()}
        if idempotency_key is not None:
            sent_headers["Idempotency-Key"] = idempotency_key
        try:
            answer = await self._exchange(
                method, target, timeouts, json=json, data=data, params=params, headers=sent_headers
            )
            outcome = "429" if answer.status == 429 else f"{answer.status // 100}xx"
            return answer
        except NotSent as error:
            outcome = "not_sent"
            if error.code in _WORTH_A_LOOK:
                log.warning("http.call.refused", vendor=self.vendor, operation=operation, code=error.code)
            raise
        except SentNoAnswer:
            outcome = "no_answer"
            raise
        finally:
            elapsed = time.perf_counter() - started
            _counted(self.vendor, operation, outcome).inc()
            _timed(self.vendor, operation).observe(elapsed)

    async def _exchange(self, method: str, url: URL, timeouts: Timeouts | None, **sent: Any) -> Answer:
        assert self._session is not None
        timeout = timeouts.as_aiohttp() if timeouts else self._timeout
        try:
            async with self._session.request(
                method, url, allow_redirects=False, timeout=timeout, **sent
            ) as response:
                return Answer(response.status, response.headers, await self._read(response))
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise failure_of(error) from error

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        length = response.content_length
        if length is not None and length <= self._max_bytes and "Content-Encoding" not in response.headers:
            return await response.read()
        parts, size = [], 0
        async for part in response.content.iter_chunked(_CHUNK):
            size += len(part)
            if size > self._max_bytes:
                response.close()
                raise SentNoAnswer("too_large")
            parts.append(part)
        return b"".join(parts)


@cache
def _counted(vendor: str, operation: str, outcome: str) -> Counter:
    """Looking a series up by its labels costs as much as counting in it."""
    return metrics.PLATFORM_REQUESTS.labels(vendor, operation, outcome)


@cache
def _timed(vendor: str, operation: str) -> Histogram:
    return metrics.PLATFORM_REQUEST_SECONDS.labels(vendor, operation)


class AddressRefused(aiohttp.ClientError):
    """The guard in front of user-given URLs said no; nothing was sent."""


def failure_of(error: BaseException) -> TransportFailure:
    """Which of the two failures an exception of aiohttp is.

    Only errors of making a connection are NotSent. Whatever is unknown counts as sent.
    """
    match error:
        case AddressRefused():
            return NotSent("address_refused")
        case aiohttp.ClientConnectorDNSError():
            return NotSent("dns")
        case aiohttp.ClientConnectorSSLError() | aiohttp.ClientConnectorCertificateError():
            return NotSent("tls")
        case aiohttp.ConnectionTimeoutError():
            return NotSent("connect_timeout")
        case aiohttp.ClientConnectorError() if isinstance(error.os_error, ConnectionRefusedError):
            return NotSent("connection_refused")
        case aiohttp.ClientConnectorError():
            return NotSent("connect")
        case aiohttp.InvalidURL():
            return NotSent("invalid_url")
        case asyncio.TimeoutError():
            return SentNoAnswer("timeout")
        case aiohttp.ServerDisconnectedError():
            return SentNoAnswer("disconnected")
        case aiohttp.ClientPayloadError():
            return SentNoAnswer("truncated")
        case aiohttp.ClientResponseError():
            return SentNoAnswer("unreadable")
        case _:
            return SentNoAnswer("reset")
