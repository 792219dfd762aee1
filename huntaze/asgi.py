"""ASGI entry point: event streams, and everything else as Django answers it."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "huntaze.settings")
django_application = get_asgi_application()

from django.conf import settings  # noqa: E402  # after Django is set up
from redis.exceptions import RedisError  # noqa: E402

from accounts.streams import listener_of  # noqa: E402
from huntaze.kernel import heartbeats  # noqa: E402
from huntaze.kernel.live import PATH  # noqa: E402
from huntaze.kernel.live.streams import Door, Streams  # noqa: E402


class Application:
    """One process's streams, between its first and its last moment, and the way to Django."""

    def __init__(self) -> None:
        self.streams: Streams | None = None
        self._beat: asyncio.Task[None] | None = None

    async def __call__(self, scope: Any, receive: Callable[[], Awaitable[Any]], send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http" and scope["path"] == PATH and self.streams is not None:
            await self.streams(scope, receive, send)
        else:
            await django_application(scope, receive, send)

    async def _live(self, receive: Callable[[], Awaitable[Any]], send: Any) -> None:
        await receive()
        door = Door(settings.SESSION_COOKIE_NAME, listener_of, frozenset(settings.EVENTS_ORIGINS))
        self.streams = Streams(door)
        self.streams.hub.start()
        self._beat = asyncio.create_task(_beat(self.streams))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._beat.cancel()
        await self.streams.stop()
        await send({"type": "lifespan.shutdown.complete"})


async def _beat(streams: Streams) -> None:
    """Say every ten seconds that the loop runs; one that hangs, or follows nothing any more, falls silent."""
    while streams.hub.is_alive:
        with suppress(RedisError, OSError):
            await asyncio.to_thread(heartbeats.events_heartbeat)
        await asyncio.sleep(heartbeats.EVERY_S)


application = Application()
