"""Redis connections: one client per process, Lua scripts, and the cache that survives an outage.

The client raises when Redis is away: limiter, breakers and leases must notice. Only the cache backend turns
an error into a miss. Timeouts are in seconds. Nothing is retried behind the caller's back: a script that
counts must not run twice because its answer was slow (the library's own default is ten retries).
"""

import json
import os
from collections.abc import Callable, Iterable, Sequence
from threading import Lock
from typing import Any

import redis
from django.conf import settings
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from huntaze.kernel import metrics, tally

CONNECT_TIMEOUT_S = 1.0
SOCKET_TIMEOUT_S = 2.0
HEALTH_CHECK_INTERVAL_S = 30

_ABSENT = object()

_lock = Lock()
_client: redis.Redis | None = None
_client_of: tuple[int, str] | None = None


def connection_options() -> dict[str, Any]:
    """Keyword arguments every connection of ours is made with, the cache's included.

    RESP 2 is spoken because it needs no handshake and its answers are the documented shapes.
    """
    return {
        "socket_timeout": SOCKET_TIMEOUT_S,
        "socket_connect_timeout": CONNECT_TIMEOUT_S,
        "health_check_interval": HEALTH_CHECK_INTERVAL_S,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
    }


def client() -> redis.Redis:
    """The process's client for `settings.REDIS_URL`; answers are bytes. Made anew after a fork."""
    global _client, _client_of
    wanted = (os.getpid(), settings.REDIS_URL)
    if _client is None or _client_of != wanted:
        with _lock:
            if _client is None or _client_of != wanted:
                _client = redis.Redis.from_url(
                    settings.REDIS_URL, decode_responses=False, **connection_options()
                )
                _client_of = wanted
    return _client


def text(raw: bytes | str) -> str:
    """An answer of Redis as text: the client gives bytes, its types say either."""
    return raw if isinstance(raw, str) else raw.decode()


class LuaScript:
    """A Lua script that runs by its hash on the process's client and is loaded again when Redis forgot it."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._script: Any = None

    def __call__(self, keys: Sequence[Any] = (), args: Iterable[Any] = (), *, on: Any = None) -> Any:
        """Run it on the client, or queue it on a pipeline given as `on`. Raises RedisError."""
        target = client() if on is None else on
        if self._script is None:
            self._script = client().register_script(self.source)
        return self._script(keys=keys, args=args, client=target)


def script(source: str) -> LuaScript:
    """Register a Lua script at import time; nothing is sent until it is called."""
    return LuaScript(source)


class JsonSerializer:
    """What the cache keeps is JSON: whoever can write into Redis must not make objects here. Whole numbers stay as they
    are, for Redis to count with."""

    def dumps(self, value: Any) -> int | bytes:
        return value if type(value) is int else json.dumps(value, separators=(",", ":")).encode()

    def loads(self, data: bytes) -> Any:
        return json.loads(data)


class TolerantRedisCache(RedisCache):
    """Django's Redis cache in which an unreachable Redis looks like an empty one.

    For the page cache and sessions only: what must be counted or locked uses `client()`.
    """

    def __init__(self, server: str | list[str], params: dict[str, Any]) -> None:
        options = {"serializer": JsonSerializer, **connection_options(), **params.get("OPTIONS", {})}
        super().__init__(server, {**params, "OPTIONS": options})

    def _tolerate(self, otherwise: Any, call: Callable[..., Any], *args: Any) -> Any:
        try:
            return call(*args)
        except (RedisError, OSError):
            metrics.CACHE_ERRORS.labels(call.__name__).inc()
            return otherwise

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> Any:
        return self._tolerate(False, super().add, key, value, timeout, version)

    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        found = self._tolerate(_ABSENT, super().get, key, _ABSENT, version)
        tally.add("cache.misses" if found is _ABSENT else "cache.hits")
        return default if found is _ABSENT else found

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> None:
        self._tolerate(None, super().set, key, value, timeout, version)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> Any:
        return self._tolerate(False, super().touch, key, timeout, version)

    def delete(self, key: Any, version: Any = None) -> Any:
        return self._tolerate(False, super().delete, key, version)

    def get_many(self, keys: Any, version: Any = None) -> Any:
        wanted = list(keys)
        found = self._tolerate({}, super().get_many, wanted, version)
        tally.add("cache.hits", len(found))
        tally.add("cache.misses", len(wanted) - len(found))
        return found

    def has_key(self, key: Any, version: Any = None) -> Any:
        return self._tolerate(False, super().has_key, key, version)

    def incr(self, key: Any, delta: int = 1, version: Any = None) -> Any:
        """Raises ValueError for an unknown key, and so also while Redis is away."""
        answer = self._tolerate(None, super().incr, key, delta, version)
        if answer is None:
            raise ValueError("the cache can't be reached")
        return answer

    def set_many(self, data: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> Any:
        """The keys that were not stored, as Django's contract wants: all of them while Redis is away."""
        return self._tolerate(list(data), super().set_many, data, timeout, version)

    def delete_many(self, keys: Any, version: Any = None) -> None:
        self._tolerate(None, super().delete_many, keys, version)

    def clear(self) -> Any:
        return self._tolerate(False, super().clear)


def _after_fork() -> None:
    global _lock, _client
    _lock, _client = Lock(), None


os.register_at_fork(after_in_child=_after_fork)
