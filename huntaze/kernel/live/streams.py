"""`GET /events?after=<id>`: server-sent events for one browser tab, as a small ASGI application of its own.

A stream costs a task and a few kilobytes: no thread, no database connection. Who listens is asked at the start, every
30 seconds, and at once when the workspace is told that somebody's session or rights ended.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import structlog
from django.db import DatabaseError, close_old_connections
from django.http import parse_cookie
from redis.exceptions import RedisError

from huntaze.kernel import context, metrics
from huntaze.kernel.api.principal import Principal
from huntaze.kernel.live.hub import Hub, Position
from huntaze.kernel.live.outbox import Outbox
from huntaze.kernel.live.post import PATH, RESYNC, SESSION_END, Event

access = structlog.get_logger("huntaze.access")
log = structlog.get_logger(__name__)

HEARTBEAT_S, RIGHTS_EVERY_S = 15.0, 30.0
#: Who tells that a session ends may be a moment ahead of its end: after being told, rights are read twice.
AGAIN_S = 1.0
#: A stream ends by itself after this long, give or take as much as the second: browsers come back at their own times.
LASTS_S, GIVE_OR_TAKE_S = 600.0, 120.0
#: A browser that takes nothing for so long is gone.
WRITE_S = 20.0
MOST_STREAMS, MOST_OF_A_PERSON = 1000, 20

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
#: Whom a session cookie belongs to now, with their rights; None for nobody. Called in a thread.
Identify = Callable[[str], Principal | None]


@dataclass(frozen=True, slots=True)
class Door:
    """How the outside reaches the streams. `origins` are other addresses of ours whose pages may listen."""

    cookie: str
    identify: Identify
    origins: frozenset[str] = frozenset()


class Streams:
    """All open streams of a process."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.hub = Hub()
        self._people: Counter[int] = Counter()
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="rights")
        self._is_stopping = asyncio.Event()

    async def stop(self) -> None:
        """Let every stream end."""
        self._is_stopping.set()
        await self.hub.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        trace_id = context.sane(headers.get("x-request-id")) or context.new_trace_id()
        answer = _Answer(send, trace_id, self._allowed(headers), metrics.known_method(scope["method"]))
        if scope["method"] == "OPTIONS":
            await answer.refuse(204)
        elif scope["method"] != "GET":
            await answer.refuse(405)
        elif headers.get("sec-fetch-site") == "cross-site":
            await answer.refuse(403)
        else:
            await self._open(scope, headers, receive, answer)

    def _allowed(self, headers: dict[str, str]) -> str:
        """The other address of ours that asks, if one does."""
        origin = headers.get("origin", "")
        return origin if origin in self.door.origins else ""

    async def _open(self, scope: Scope, headers: dict[str, str], receive: Receive, answer: "_Answer") -> None:
        cookie = parse_cookie(headers.get("cookie", "")).get(self.door.cookie, "")
        try:
            principal = await self.identify(cookie) if cookie else None
        except DatabaseError:
            return await answer.refuse(503, {"retry-after": "15"})
        if principal is None:
            return await answer.refuse(401)
        answer.principal = principal
        if self._people.total() >= MOST_STREAMS or self._is_stopping.is_set():
            return await answer.refuse(503, {"retry-after": "15"})
        if self._people[principal.user_pk] >= MOST_OF_A_PERSON:
            return await answer.refuse(429, {"retry-after": "15"})
        after = (
            headers.get("last-event-id")
            or parse_qs(scope["query_string"].decode("latin-1")).get("after", [""])[0]
        )
        self._people[principal.user_pk] += 1
        metrics.SSE_STREAMS.labels("events").inc()
        stream = _Stream(self, principal, cookie)
        try:
            await self.hub.join(principal.workspace_pk, stream, after)
            await answer.begin()
            await stream.run(receive, answer, self._is_stopping)
        except RedisError:
            await answer.refuse(503, {"retry-after": "5"})
        finally:
            self.hub.leave(principal.workspace_pk, stream)
            self._people[principal.user_pk] -= 1
            self._people += Counter()  # who has none left is forgotten
            metrics.SSE_STREAMS.labels("events").dec()

    async def identify(self, cookie: str) -> Principal | None:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._ask, cookie)

    def _ask(self, cookie: str) -> Principal | None:
        """In a thread that serves everybody, whose connection nobody else looks after."""
        close_old_connections()
        try:
            return self.door.identify(cookie)
        finally:
            close_old_connections()


class _Answer:
    """What goes back over one connection."""

    def __init__(self, send: Send, trace_id: str, origin: str, method: str) -> None:
        self._send = send
        self._trace_id = trace_id
        self._method = method
        self._started = time.perf_counter()
        self._headers = {
            "x-request-id": trace_id,
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
            "referrer-policy": "strict-origin-when-cross-origin",
            "cross-origin-resource-policy": "same-site" if origin else "same-origin",
        }
        if origin:
            self._headers |= {
                "access-control-allow-origin": origin,
                "access-control-allow-credentials": "true",
                "access-control-allow-headers": "accept, last-event-id",
                "access-control-max-age": "600",
                "vary": "origin",
            }
        self.principal: Principal | None = None

    async def refuse(self, status: int, more: dict[str, str] | None = None) -> None:
        await self._head(status, {"content-length": "0", **(more or {})})
        await self._send({"type": "http.response.body", "body": b""})

    async def begin(self) -> None:
        await self._head(200, {"content-type": "text/event-stream", "x-accel-buffering": "no"})
        await self.write(": open\n\n")

    async def _head(self, status: int, more: dict[str, str]) -> None:
        metrics.REQUESTS.labels(PATH, self._method, str(status)).inc()
        seconds = time.perf_counter() - self._started
        person = self.principal
        with context.bind(
            trace_id=self._trace_id,
            route=PATH,
            user_id=person.user_id if person else None,
            workspace_id=person.workspace_id if person else None,
        ):
            access.info(
                "http.request.finished",
                method=self._method,
                status=status,
                duration_ms=round(seconds * 1000, 1),
            )
        headers = [(name.encode(), value.encode()) for name, value in (self._headers | more).items()]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def write(self, text: str) -> None:
        """Raises TimeoutError for a browser that takes nothing."""
        async with asyncio.timeout(WRITE_S):
            await self._send({"type": "http.response.body", "body": text.encode(), "more_body": True})

    async def end(self) -> None:
        await self._send({"type": "http.response.body", "body": b""})


class _Stream:
    """One browser tab."""

    def __init__(self, streams: Streams, principal: Principal, cookie: str) -> None:
        self._streams = streams
        self._principal = principal
        self._cookie = cookie
        self._looks_again = False
        self._outbox = Outbox()
        self._changed = asyncio.Event()
        self._rights_at = time.monotonic() + RIGHTS_EVERY_S
        self._beat_at = time.monotonic() + HEARTBEAT_S
        self._ends_at = time.monotonic() + LASTS_S + random.uniform(-1, 1) * GIVE_OR_TAKE_S  # noqa: S311

    def hear(self, event: Event, at: Position) -> None:
        if event.name == SESSION_END:
            if event.user_pk in (None, self._principal.user_pk, self._principal.acting_pk):
                self._rights_at, self._looks_again = 0.0, True
                self._changed.set()
        elif may_hear(self._principal, event):
            if event.name == RESYNC or self._outbox.is_too_full:
                self._outbox.empty()
                self._outbox.add(RESYNC, at)
            else:
                self._outbox.add(event.name, at)
            self._changed.set()
        else:
            self.stands(at)

    def stands(self, at: Position) -> None:
        self._outbox.pass_by(at)

    async def run(self, receive: Receive, answer: _Answer, stopping: asyncio.Event) -> None:
        """Until the browser leaves, the session ends, or the time is over."""
        watchers = [asyncio.create_task(_left(receive)), asyncio.create_task(stopping.wait())]
        try:
            while time.monotonic() < self._ends_at and not any(task.done() for task in watchers):
                if time.monotonic() >= self._rights_at and not await self._may_stay():
                    await answer.write(_event(SESSION_END, self._outbox.position))
                    break
                if time.monotonic() >= self._beat_at and not self._streams.hub.is_reading:
                    break  # nobody can be told anything: the page asks by itself, and sees that it must
                await self._say(answer)
                await self._wait(watchers)
            await answer.end()
        except (TimeoutError, OSError):
            pass  # the browser is gone
        except (
            DatabaseError
        ) as error:  # nobody's rights can be told: the browser comes back and is asked then
            log.warning("live.rights.unknown", kind=type(error).__name__)
        finally:
            for task in watchers:
                task.cancel()

    async def _may_stay(self) -> bool:
        """Read the rights again; the stream of another workspace than before is another stream."""
        self._rights_at = time.monotonic() + (AGAIN_S if self._looks_again else RIGHTS_EVERY_S)
        self._looks_again = False
        found = await self._streams.identify(self._cookie)
        if found is None or (found.user_pk, found.workspace_pk) != (
            self._principal.user_pk,
            self._principal.workspace_pk,
        ):
            return False
        if (
            found.creator_ids != self._principal.creator_ids
            or found.capabilities != self._principal.capabilities
        ):
            self._outbox.empty()
            self._outbox.add(RESYNC, (0, 1))
        self._principal = found
        return True

    async def _say(self, answer: _Answer) -> None:
        now = time.monotonic()
        names = self._outbox.take(now)
        if names:
            text = "".join(_event(name) for name in names[:-1])
            await answer.write(text + _event(names[-1], self._outbox.position))
        elif now >= self._beat_at:
            await answer.write(f": beat\nid: {self._outbox.position}\n\n")
        else:
            return
        self._beat_at = now + HEARTBEAT_S

    async def _wait(self, watchers: "list[asyncio.Task[Any]]") -> None:
        now = time.monotonic()
        until = min(self._rights_at, self._beat_at, self._ends_at)
        due = self._outbox.due_in(now)
        seconds = max(0.0, until - now) if due is None else min(due, max(0.0, until - now))
        changed = asyncio.ensure_future(self._changed.wait())
        try:
            await asyncio.wait([*watchers, changed], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            changed.cancel()
            with suppress(asyncio.CancelledError):
                await changed
        self._changed.clear()


def may_hear(principal: Principal, event: Event) -> bool:
    """Whether this member is told: ids of creators whom they don't reach stay unknown to them."""
    if event.capability and not principal.can(event.capability):
        return False
    if event.member_pk is not None and event.member_pk != principal.member_pk:
        return False
    return (
        event.creator_pk is None or principal.creator_ids is None or event.creator_pk in principal.creator_ids
    )


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _event(name: str, at: str = "") -> str:
    return f"event: {name}\ndata: 1\n" + (f"id: {at}\n\n" if at else "\n")
