"""Owns the raw ASGI plumbing: reading a request, writing an answer, cutting a connection."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

import orjson

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Json = dict[str, Any]

MAX_BODY = 110 * 1024 * 1024
_JSON = (b"content-type", b"application/json")


CLOSING = asyncio.Event()


class TooLarge(Exception):
    """The body is over MAX_BODY bytes."""


async def read_body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body
    parts, size = [body], len(body)
    while message.get("more_body"):
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY:
            raise TooLarge
    return b"".join(parts)


async def answer(
    send: Send, status: int, body: bytes, headers: tuple[tuple[bytes, bytes], ...] = (), kind: bytes = b""
) -> None:
    content_type = (b"content-type", kind) if kind else _JSON
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": status, "headers": [content_type, length, *headers]})
    await send({"type": "http.response.body", "body": body})


async def answer_json(send: Send, status: int, value: Any) -> None:
    await answer(send, status, orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS))


def header(scope: Scope, name: bytes) -> str:
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return ""


def query(scope: Scope) -> dict[str, list[str]]:
    """Every value of each name, `name[]` folded into `name`."""
    found: dict[str, list[str]] = {}
    raw = scope["query_string"]
    if raw:
        for name, value in parse_qsl(raw.decode("latin-1"), keep_blank_values=True):
            found.setdefault(name.removesuffix("[]"), []).append(value)
    return found


async def cut(send: Send) -> None:
    """Resets the TCP connection under an answer: the peer sees ECONNRESET, not an orderly end."""
    cycle = getattr(send, "__self__")  # noqa: B009 - the server's request cycle owns the transport
    if not cycle.transport.is_closing():
        raw = cycle.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        cycle.transport.abort()
    for _ in range(10):  # until the server has noticed, or it would report an answer that never came
        if cycle.disconnected:
            return
        await asyncio.sleep(0)


async def hang(receive: Receive, seconds: float) -> None:
    """Holds a request without an answer until the client leaves, the time is over or the server ends."""

    async def until_gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    waits = [asyncio.ensure_future(until_gone()), asyncio.ensure_future(CLOSING.wait())]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def parse_multipart(
    body: bytes, content_type: str
) -> tuple[dict[str, list[str]], dict[str, list[tuple[str, bytes]]]]:
    """Fields and files of a form; names keep every value, `name[]` folded into `name`."""
    fields: dict[str, list[str]] = {}
    files: dict[str, list[tuple[str, bytes]]] = {}
    boundary = content_type.partition("boundary=")[2].split(";")[0].strip().strip('"')
    if not boundary:
        return fields, files
    for part in body.split(b"--" + boundary.encode())[1:-1]:
        head, _, content = part.lstrip(b"\r\n").partition(b"\r\n\r\n")
        content = content.removesuffix(b"\r\n")
        options = _disposition(head.decode("latin-1"))
        name = options.get("name", "").removesuffix("[]")
        if "filename" in options:
            files.setdefault(name, []).append((options["filename"], content))
        else:
            fields.setdefault(name, []).append(content.decode("utf-8", "replace"))
    return fields, files


def _disposition(head: str) -> dict[str, str]:
    for line in head.split("\r\n"):
        if line.lower().startswith("content-disposition:"):
            pairs = (piece.strip().partition("=") for piece in line.split(";")[1:])
            return {name.lower(): value.strip('"') for name, _, value in pairs}
    return {}
