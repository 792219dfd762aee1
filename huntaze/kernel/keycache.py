"""Data keys that a process has unwrapped: at most 20,000, for at most 300 seconds.

A key that was read inside a transaction may be one that the transaction itself made. If it rolls back, the
key never existed, and whatever was sealed with it could never be opened. Such a key is therefore kept for
its transaction only and reaches the cache when that commits.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock, local
from typing import Any

from django.db import transaction

TTL_S = 300.0
MAX_ENTRIES = 20_000

_Key = tuple[int | None, int | None]  # workspace, version (None: the current one)
_Value = tuple[int, bytes]


class KeyCache:
    """Bounded, thread-safe, aware of transactions."""

    def __init__(self) -> None:
        self._entries: OrderedDict[_Key, tuple[float, _Value]] = OrderedDict()
        self._lock = Lock()
        self._tentative = local()

    def current(self, workspace_id: int | None, load: Callable[[int | None], _Value]) -> _Value:
        """Version and key to seal with, loaded when unknown or too old."""
        found = self._get((workspace_id, None))
        if found is None:
            found = load(workspace_id)
            self._keep((workspace_id, None), found)
            self._keep((workspace_id, found[0]), found)
        return found

    def by_version(
        self, workspace_id: int | None, version: int, load: Callable[[int | None, int], bytes]
    ) -> bytes:
        """The key of one version, loaded when unknown or too old."""
        found = self._get((workspace_id, version))
        if found is None:
            found = (version, load(workspace_id, version))
            self._keep((workspace_id, version), found)
        return found[1]

    def clear(self) -> None:
        """Forget everything, also what this thread's transaction holds."""
        with self._lock:
            self._entries.clear()
        self._tentative.entries = {}

    def _get(self, key: _Key) -> _Value | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None and entry[0] > time.monotonic():
                self._entries.move_to_end(key)
                return entry[1]
        return self._get_tentative(key)

    def _put(self, key: _Key, value: _Value) -> None:
        with self._lock:
            self._entries[key] = (time.monotonic() + TTL_S, value)
            self._entries.move_to_end(key)
            while len(self._entries) > MAX_ENTRIES:
                self._entries.popitem(last=False)

    def _keep(self, key: _Key, value: _Value) -> None:
        connection = transaction.get_connection()
        if not connection.in_atomic_block:
            self._put(key, value)
            return

        def promote() -> None:
            self._mine().pop(key, None)
            self._put(key, value)

        self._mine()[key] = (value, promote)
        connection.on_commit(promote)

    def _get_tentative(self, key: _Key) -> _Value | None:
        """A key of the running transaction counts while its promotion is still due: a rollback, also one to
        a savepoint, drops the promotion."""
        entry = self._mine().get(key)
        if entry is None:
            return None
        value, promote = entry
        if any(due[1] is promote for due in transaction.get_connection().run_on_commit):
            return value
        del self._mine()[key]
        return None

    def _mine(self) -> dict[_Key, tuple[_Value, Any]]:
        if not hasattr(self._tentative, "entries"):
            self._tentative.entries = {}
        entries: dict[_Key, tuple[_Value, Any]] = self._tentative.entries
        return entries
