"""When a circuit breaker opens, lets one probe through, and closes: the rules, without clock or store.

Opens at 5 failures in a row, or when at least half of at least 10 calls failed in 60 s (six buckets of 10 s);
stays open 30 s, doubling to 5 minutes with each probe that fails. The Lua script in `breaker` follows the
same rules; the tests run both through the same cases.
"""

from dataclasses import dataclass, field
from enum import StrEnum

BUCKET_MS = 10_000
BUCKETS = 6


class State(StrEnum):
    """As the health page names them."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


@dataclass(frozen=True)
class Limits:
    """Figures of a breaker; times in ms. `probe_ms` is how long a probe may stay out before another goes."""

    in_a_row: int = 5
    min_calls: int = 10
    failed_percent: int = 50
    open_ms: int = 30_000
    max_open_ms: int = 300_000
    probe_ms: int = 60_000


@dataclass
class Circuit:
    """The memory of one breaker; moments are ms since the epoch."""

    is_open: bool = False
    in_a_row: int = 0
    until: int = 0
    open_ms: int = 0
    changed_at: int = 0
    probe_until: int = 0
    probes: int = 0
    reason: str = ""
    buckets: dict[int, list[int]] = field(default_factory=dict)

    def state(self, now: int) -> State:
        if not self.is_open:
            return State.CLOSED
        return State.OPEN if now < self.until else State.HALF_OPEN

    def allow(self, now: int, limits: Limits) -> tuple[State, bool, int]:
        """State, whether this caller may go, and the ms after which asking again makes sense."""
        state = self.state(now)
        if state is State.CLOSED:
            return state, True, 0
        if state is State.OPEN:
            return state, False, self.until - now
        if self.probe_until > now:
            return state, False, self.probe_until - now
        self.probe_until = now + limits.probe_ms
        self.probes += 1
        return state, True, 0

    def record(self, ok: bool, reason: str, now: int, limits: Limits) -> None:
        """Take in the result of one call. Results that arrive while open belong to older calls."""
        state = self.state(now)
        if state is State.OPEN:
            return
        if state is State.HALF_OPEN:
            if ok:
                self._close(now)
            else:
                self._open(now, min(self.open_ms * 2, limits.max_open_ms), reason or self.reason)
            return
        self.in_a_row = 0 if ok else self.in_a_row + 1
        self._count(ok, now)
        if not ok and (reason or self.in_a_row >= limits.in_a_row or self._too_many(now, limits)):
            self._open(now, limits.open_ms, reason or "failures")

    def _count(self, ok: bool, now: int) -> None:
        bucket = now // BUCKET_MS
        for old in [number for number in self.buckets if number <= bucket - BUCKETS]:
            del self.buckets[old]
        counted = self.buckets.setdefault(bucket, [0, 0])
        counted[0] += 1
        counted[1] += 0 if ok else 1

    def _too_many(self, now: int, limits: Limits) -> bool:
        fresh = [pair for number, pair in self.buckets.items() if number > now // BUCKET_MS - BUCKETS]
        calls, failed = sum(pair[0] for pair in fresh), sum(pair[1] for pair in fresh)
        return calls >= limits.min_calls and failed * 100 >= calls * limits.failed_percent

    def _open(self, now: int, open_ms: int, reason: str) -> None:
        self.is_open, self.open_ms, self.until, self.changed_at = True, open_ms, now + open_ms, now
        self.probe_until, self.reason = 0, reason

    def _close(self, now: int) -> None:
        self.is_open, self.in_a_row, self.until, self.open_ms, self.changed_at = False, 0, 0, 0, now
        self.probe_until, self.probes, self.reason, self.buckets = 0, 0, "", {}
