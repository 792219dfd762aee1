"""The reading side: one reader a process follows the stream of every workspace that somebody looks at.

A listener joins the room of its workspace first and is told what it missed then, so nothing falls between. What can't
be told exactly (an id older than the stream, Redis lost and found again) is told as `resync`: ask for everything.
"""

import asyncio
import secrets
from collections.abc import Awaitable
from typing import Any, Protocol, cast

import structlog
from django.conf import settings
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from huntaze.kernel.live.post import EVERYWHERE, RESYNC, START, Event, key_of, parsed, unpacked
from huntaze.kernel.redis import CONNECT_TIMEOUT_S

log = structlog.get_logger(__name__)

#: Milliseconds that a read waits for something new, and how many events of a workspace it takes at once.
BLOCK_MS, BATCH = 5000, 1000
#: Who missed more than this is not told each: everything is asked for again.
MOST_MISSED = 2000
TROUBLE_S = 1.0

Position = tuple[int, int]


class Listener(Protocol):
    """Somebody who looks at a workspace's pages."""

    def hear(self, event: Event, at: Position) -> None: ...

    def stands(self, at: Position) -> None:
        """Nothing has been missed up to here."""


class Hub:
    """All listeners of a process. Everything runs in one event loop."""

    def __init__(self) -> None:
        self._rooms: dict[int, set[Listener]] = {}
        self._at: dict[int, str] = {}
        self.name = f"events:{secrets.token_hex(8)}"
        self._bell = f"live:bell:{self.name}"
        self._bell_at = START
        self._everywhere_at = START
        self._redis: Redis | None = None
        self._task: asyncio.Task[None] | None = None
        self.is_reading = False

    def start(self) -> None:
        self._redis = Redis.from_url(
            settings.REDIS_URL,
            protocol=2,
            client_name=self.name,
            socket_connect_timeout=CONNECT_TIMEOUT_S,
            socket_timeout=BLOCK_MS / 1000 + 5,
            retry=Retry(NoBackoff(), 0),  # a connection that was lost may have lost events with it
        )
        self._task = asyncio.create_task(self._read())

    @property
    def is_alive(self) -> bool:
        """Whether somebody follows the streams, or tries to."""
        return self._task is not None and not self._task.done()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
        if self._redis is not None:
            await self._redis.aclose()

    async def join(self, workspace_pk: int, listener: Listener, after: str) -> None:
        """Tell the listener from now on, and what it missed since `after`. Raises RedisError."""
        assert self._redis is not None
        newest = START
        if is_first := workspace_pk not in self._at:
            newest, _ = await self._stands(workspace_pk)
        self._at.setdefault(workspace_pk, newest)  # nothing is awaited from here to being in the room
        self._rooms.setdefault(workspace_pk, set()).add(listener)
        try:
            if is_first:
                await _sure(self._redis.xadd(self._bell, {"j": 1}, maxlen=1))
                await _sure(self._redis.expire(self._bell, 3600))
            await self._tell_missed(workspace_pk, listener, after)
        except RedisError:
            self.leave(workspace_pk, listener)
            raise

    def leave(self, workspace_pk: int, listener: Listener) -> None:
        room = self._rooms.get(workspace_pk)
        if room is None:
            return
        room.discard(listener)
        if not room:
            del self._rooms[workspace_pk]
            self._at.pop(workspace_pk, None)

    async def _stands(self, workspace_pk: int) -> tuple[str, str]:
        """The newest and the oldest position of a stream."""
        pipe = cast(Redis, self._redis).pipeline(transaction=True)
        pipe.xrevrange(key_of(workspace_pk), count=1)
        pipe.xrange(key_of(workspace_pk), count=1)
        last, first = await pipe.execute()
        return (last[0][0].decode(), first[0][0].decode()) if last else (START, START)

    async def _tell_missed(self, workspace_pk: int, listener: Listener, after: str) -> None:
        newest, oldest = await self._stands(workspace_pk)
        known, end, begin = parsed(after), parsed(newest), parsed(oldest)
        assert end is not None
        assert begin is not None
        if known == end:
            listener.stands(end)
            return
        is_first = after == START and await self._is_whole(workspace_pk)
        if known is None or known > end or (known < begin and not is_first):
            listener.hear(Event(workspace_pk, RESYNC), end)
            return
        found = await _sure(
            cast(Redis, self._redis).xrange(key_of(workspace_pk), min=f"({after}", count=MOST_MISSED)
        )
        if len(found) == MOST_MISSED:
            listener.hear(Event(workspace_pk, RESYNC), end)
            return
        for raw, fields in found:
            for event in _events(workspace_pk, fields):
                listener.hear(event, _at(raw))

    async def _is_whole(self, workspace_pk: int) -> bool:
        """Whether nothing has been cut off the stream yet."""
        try:
            info = await _sure(cast(Redis, self._redis).xinfo_stream(key_of(workspace_pk)))
        except RedisError as error:
            if "no such key" in str(error):
                return True
            raise
        return bool(info.get("entries-added", -1) == info["length"])

    async def _read(self) -> None:
        """Follow all streams for ever; after trouble everybody is told to ask again."""
        while True:
            try:
                await self._follow()
            except (RedisError, OSError) as error:
                if self.is_reading:
                    log.warning("live.stream.trouble", kind=type(error).__name__)
                self.is_reading = False
                await asyncio.sleep(TROUBLE_S)

    async def _follow(self) -> None:
        redis = cast(Redis, self._redis)
        await _sure(redis.ping())
        if not self.is_reading:
            await self._catch_up()
            self.is_reading = True
        streams: dict[Any, Any] = {key_of(pk): at for pk, at in self._at.items()}
        streams[self._bell] = self._bell_at
        streams[key_of(EVERYWHERE)] = self._everywhere_at
        found = await _sure(redis.xread(streams, count=BATCH, block=BLOCK_MS))
        for key, entries in found:
            name = key.decode()
            if name == self._bell:
                self._bell_at = entries[-1][0].decode()
                continue
            workspace_pk, last = int(name.removeprefix("live:")), entries[-1][0].decode()
            if workspace_pk == EVERYWHERE:
                self._everywhere_at = last
            elif workspace_pk in self._at:
                self._at[workspace_pk] = last
            for raw, fields in entries:
                for event in _events(workspace_pk, fields):
                    self._spread(event, _at(raw))

    async def _catch_up(self) -> None:
        """Begin every room at its stream's end."""
        self._everywhere_at, _ = await self._stands(EVERYWHERE)
        for pk in list(self._rooms):
            newest, _ = await self._stands(pk)
            self._at[pk] = newest
            end = parsed(newest)
            assert end is not None
            self._spread(Event(pk, RESYNC), end)

    def _spread(self, event: Event, at: Position) -> None:
        here = [event.workspace_pk] if event.workspace_pk else list(self._rooms)
        for pk in here:
            for listener in list(self._rooms.get(pk, ())):
                listener.hear(event, at)


def _events(workspace_pk: int, fields: dict[bytes, bytes]) -> list[Event]:
    """What an entry tells; one of another version's shape, such as during a deployment, asks for everything."""
    try:
        return unpacked(workspace_pk, fields)
    except (ValueError, TypeError, KeyError):
        return [Event(workspace_pk, RESYNC)]


def _at(raw: bytes) -> Position:
    found = parsed(raw.decode())
    assert found is not None
    return found


async def _sure(answer: Any) -> Any:
    """The library's types say that an answer may or may not be awaited; here it always is."""
    return await cast(Awaitable[Any], answer)
