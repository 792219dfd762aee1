"""What a process remembers of plans and workspaces: for as long as the version in Redis stays the same.

The version is looked up once a second at most, so a change reaches every process within a second or two; without Redis
everything is read anew after five seconds.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar

from redis.exceptions import RedisError

from huntaze.kernel import redis

KEY = "billing:version"
LOOK_S, KEEP_S, KEEP_ALONE_S = 1.0, 60.0, 5.0
MOST = 20_000

T = TypeVar("T")

_lock = Lock()
_entries: OrderedDict[Any, tuple[float, Any]] = OrderedDict()
_version: bytes | str | None = b""
_looked_at = -LOOK_S


def remembered(key: Any, load: Callable[[], T]) -> T:
    """What `load` gave when it was last asked for `key`."""
    _look()
    with _lock:
        entry = _entries.get(key)
        if entry is not None and entry[0] > time.monotonic():
            _entries.move_to_end(key)
            found: T = entry[1]
            return found
        before = _version
    value = load()
    with _lock:
        if _version == before:  # else it may be older than the change
            keep = KEEP_ALONE_S if _version is None else KEEP_S
            _entries[key] = (time.monotonic() + keep, value)
            while len(_entries) > MOST:
                _entries.popitem(last=False)
    return value


def forget() -> None:
    """Forget everything that this process remembers."""
    global _looked_at
    with _lock:
        _entries.clear()
        _looked_at = -LOOK_S


def _look() -> None:
    global _version, _looked_at
    now = time.monotonic()
    if now - _looked_at < LOOK_S:
        return
    _looked_at = now
    try:
        found = redis.client().get(KEY) or b""
    except RedisError:
        found = None
    with _lock:
        if found != _version:
            _entries.clear()
            _version = found
