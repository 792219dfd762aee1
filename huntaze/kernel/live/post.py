"""The writing side: one Redis stream a workspace, written after commit by a thread of its own.

Whoever tells waits for nothing: a name is put down, and the thread writes all that came together, one entry a
workspace, in one pipeline. The same name is written at once and then at most once a second, its last telling always
included. So a queue that sends a thousand messages a second costs a handful of entries. Redis being away loses what was
told; the process of the streams sees the gap and has every page ask again.
"""

import atexit
import json
import os
import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

import structlog
from django.db import transaction
from redis.exceptions import RedisError

from huntaze.kernel import metrics, redis

log = structlog.get_logger(__name__)

#: How many entries of a workspace are kept, about; who missed more than that asks for everything again.
MOST = 10_000
#: A workspace in which nothing happens keeps its events for so long, in seconds.
KEPT_S, RENEW_S = 86_400, 600.0
EVERY_S = 1.0
#: What comes within this many seconds of the last entry is gathered into the next one.
GATHER_S = 0.2
#: Names that one process may hold back; more than that are dropped, and counted.
MOST_WAITING = 20_000
#: While Redis does not answer, pages don't wait for it again for so long, in seconds.
REST_S = 5.0

#: Where browsers listen.
PATH = "/events"
#: The stream that is read for everybody, whatever the workspace.
EVERYWHERE = 0
SESSION_END, RESYNC = "session_end", "resync"
#: The position before anything has happened.
START = "0-0"
_POSITION = re.compile(r"([0-9]{1,19})-([0-9]{1,19})")


@dataclass(frozen=True, slots=True)
class Event:
    """A name to be told in a workspace, such as `queue_acc_…`, and who may hear it: those who reach the creator, hold
    the capability, or are the member, where one is given. Keys are integers and stay inside."""

    workspace_pk: int
    name: str
    creator_pk: int | None = None
    capability: str = ""
    member_pk: int | None = None
    user_pk: int | None = None


def packed(events: Iterable[Event]) -> dict[Any, Any]:
    """One entry of a stream; all events are of its workspace."""
    rows = [
        [event.name, event.creator_pk, event.capability, event.member_pk, event.user_pk] for event in events
    ]
    return {"e": json.dumps(rows, separators=(",", ":"))}


def unpacked(workspace_pk: int, fields: dict[bytes, bytes]) -> list[Event]:
    return [Event(workspace_pk, *row) for row in json.loads(fields[b"e"])]


def key_of(workspace_pk: int) -> str:
    return f"live:{workspace_pk}"


def tell(*events: Event) -> None:
    """Tell these once the transaction commits (at once without one). Never waits, never raises."""
    if events:
        transaction.on_commit(partial(_post.put, events))


def rights_changed(user_pk: int | None = None) -> None:
    """A session or rights of this person (of anybody) ended: their open streams look at once whether they may go on."""
    tell(Event(EVERYWHERE, SESSION_END, user_pk=user_pk))


def position(workspace_pk: int) -> str:
    """Where the workspace's stream stands, to be asked before what a page shows is read; empty while Redis is away."""
    global _rest_until
    if time.monotonic() < _rest_until:
        return ""
    try:
        found: Any = redis.client().xrevrange(key_of(workspace_pk), count=1)
    except (RedisError, OSError):
        _rest_until = time.monotonic() + REST_S
        return ""
    return redis.text(found[0][0]) if found else START


def parsed(text: str) -> tuple[int, int] | None:
    """A position as numbers that can be compared; None for anything else."""
    found = _POSITION.fullmatch(text)
    return (int(found[1]), int(found[2])) if found else None


_rest_until = 0.0


class _Post:
    """What one process has to tell."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._due: dict[Event, float] = {}
        self._told: dict[Event, float] = {}
        self._wrote_at = float("-inf")
        self._thread: threading.Thread | None = None

    def put(self, events: Iterable[Event]) -> None:
        with self._changed:
            now, before, lost = time.monotonic(), len(self._due), 0
            for event in events:
                if event in self._due:
                    continue
                if len(self._due) < MOST_WAITING:
                    self._due[event] = max(now, self._told.get(event, 0.0) + EVERY_S)
                else:
                    lost += 1
            if lost:
                metrics.LIVE_EVENTS.labels("lost").inc(lost)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="live", daemon=True)
                self._thread.start()
            elif not before:  # else it looks again by itself soon enough
                self._changed.notify()

    def flush(self) -> None:
        """Write everything now: the process ends."""
        with self._changed:
            events, self._due = list(self._due), {}
        if events:
            _write(events)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not (events := self._take(time.monotonic())):
                    self._changed.wait(self._wait(time.monotonic()))
            _write(events)

    def _take(self, now: float) -> list[Event]:
        if now < self._wrote_at + GATHER_S:
            return []
        events = [event for event, at in self._due.items() if at <= now]
        if events:
            self._wrote_at = now
            self._told = {event: at for event, at in self._told.items() if at > now - EVERY_S}
            self._told |= dict.fromkeys(events, now)
            for event in events:
                del self._due[event]
        return events

    def _wait(self, now: float) -> float | None:
        if not self._due:
            return None
        left = self._wrote_at + GATHER_S - now
        return left if left > 0 else GATHER_S


#: When each workspace's stream is next given its time; a process that is restarted, or knows too many, gives it again.
_renew_at: dict[int, float] = {}
MOST_KNOWN = 10_000


def _write(events: list[Event]) -> None:
    pipe = redis.client().pipeline(transaction=False)
    if len(_renew_at) >= MOST_KNOWN:
        _renew_at.clear()
    by_workspace = sorted(events, key=lambda event: event.workspace_pk)
    for pk, some in groupby(by_workspace, key=lambda event: event.workspace_pk):
        pipe.xadd(key_of(pk), packed(some), maxlen=MOST, approximate=True)
        if time.monotonic() >= _renew_at.get(pk, 0.0):
            pipe.expire(key_of(pk), KEPT_S)
            _renew_at[pk] = time.monotonic() + RENEW_S
    try:
        pipe.execute()
        outcome = "written"
    except (RedisError, OSError):
        outcome = "lost"
        _renew_at.clear()
        log.warning("live.events.lost", count=len(events))
    metrics.LIVE_EVENTS.labels(outcome).inc(len(events))


_post = _Post()


def flush() -> None:
    """Write what waits; a process that is killed loses it."""
    _post.flush()


def _after_fork() -> None:
    global _post
    _post = _Post()


atexit.register(flush)
os.register_at_fork(after_in_child=_after_fork)
