"""Owns the HTTP client of outgoing webhooks: one keep-alive connection, POST only.

A general client costs more than a millisecond of CPU a request; with a webhook for every send that
would be most of the sandbox's core, so the few lines needed stand here on the server's own parser.
"""

import asyncio
import ssl
from typing import Any, cast
from urllib.parse import SplitResult, urlsplit

import httptools

CONNECT_SECONDS = 5.0


class _Wire(asyncio.Protocol):
    """Reads one answer at a time; `answer` is resolved with its status."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.answer: asyncio.Future[int] | None = None
        self.alive = False
        self._parser: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.alive = True

    def data_received(self, data: bytes) -> None:
        if self._parser is None:
            self._parser = httptools.HttpResponseParser(self)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(ConnectionError(str(error)))

    def on_message_complete(self) -> None:
        parser, self._parser = self._parser, None
        self.alive = self.alive and parser.should_keep_alive()
        if self.answer is not None and not self.answer.done():
            self.answer.set_result(parser.get_status_code())

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(error or ConnectionError("closed by the receiver"))

    def _fail(self, error: Exception) -> None:
        self.alive = False
        if self.answer is not None and not self.answer.done():
            self.answer.set_exception(error)


class Connection:
    """A reusable connection to one origin at a time."""

    def __init__(self) -> None:
        self._wire: _Wire | None = None
        self._origin = ""

    async def post(self, url: str, headers: dict[str, str], body: bytes, seconds: float) -> int:
        """The status of the answer. Raises OSError or TimeoutError if there was none."""
        parts = urlsplit(url)
        try:
            async with asyncio.timeout(seconds):
                wire = await self._connected(parts)
                wire.answer = asyncio.get_running_loop().create_future()
                assert wire.transport is not None
                wire.transport.write(_head(parts, headers, len(body)) + body)
                return await wire.answer
        except BaseException:
            self.close()
            raise

    async def _connected(self, parts: SplitResult) -> _Wire:
        origin = f"{parts.scheme}://{parts.netloc}"
        if self._wire is not None and self._wire.alive and self._origin == origin:
            return self._wire
        self.close()
        secure = ssl.create_default_context() if parts.scheme == "https" else None
        port = parts.port or (443 if secure else 80)
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_SECONDS):
            _, wire = await loop.create_connection(_Wire, parts.hostname or "127.0.0.1", port, ssl=secure)
        self._wire, self._origin = wire, origin
        return wire

    def close(self) -> None:
        if self._wire is not None and self._wire.transport is not None:
            self._wire.transport.abort()
        self._wire = None


def _head(parts: SplitResult, headers: dict[str, str], length: int) -> bytes:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"POST {target} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {length}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
