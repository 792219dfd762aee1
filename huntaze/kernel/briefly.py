"""What a process remembers for some seconds, so that it need not ask for it with every request."""

import time
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Briefly(Generic[Key, Value]):
    """At most `most` values, each for its seconds on this process' own clock. Safe to share between threads; what it
    keeps must not be changed."""

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._lock = Lock()
        self._kept: dict[Key, tuple[float, Value]] = {}

    def get(self, key: Key) -> Value | None:
        kept = self._kept.get(key)
        return kept[1] if kept is not None and time.monotonic() < kept[0] else None

    def put(self, key: Key, value: Value, *, seconds: float) -> None:
        """Nothing is kept for no time. When it is full, all of it is forgotten: asking again is cheap."""
        if seconds <= 0:
            return
        with self._lock:
            if len(self._kept) >= self._most and key not in self._kept:
                self._kept.clear()
            self._kept[key] = (time.monotonic() + seconds, value)

    def forget(self, key: Key) -> None:
        with self._lock:
            self._kept.pop(key, None)
