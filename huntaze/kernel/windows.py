"""Counters of the last minutes, shared by all processes: Redis hashes of ten seconds each.

Every process hands its tally over once a second in one pipeline, so a `kill -9` loses at most a second and
the health page is the same whichever process answers. Keys: `win:<n>` (a hash of sums, n = unix time / 10)
and `win:seen:<what>:<n>` (a HyperLogLog per minute). All expire after 15 minutes.
"""

import atexit
import os
import resource
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from redis.exceptions import RedisError

from huntaze.kernel import metric_files, metrics, redis, tally

BUCKET_S = 10
WINDOW_S = 300
_EXPIRES_S = 900
_FLUSH_EVERY_S = 1.0
_HOST = socket.gethostname()

_pending: dict[int, dict[str, float]] = {}
_pending_seen: dict[tuple[str, int], set[str]] = {}
_flush_lock = threading.Lock()
_start_lock = threading.Lock()
_flusher: threading.Thread | None = None
_cpu_ms_before = 0.0


@dataclass(frozen=True)
class Window:
    """Sums over a stretch of time. A name nobody counted is 0; averages of nothing are None."""

    sums: Mapping[str, float] = field(default_factory=dict)

    def sum(self, name: str) -> float:
        return self.sums.get(name, 0.0)

    def mean(self, name: str) -> float | None:
        """Mean in ms of what `tally.observe(name, …)` saw."""
        count = self.sum(f"{name}.count")
        return self.sum(f"{name}.ms") / count if count else None

    def percentile(self, name: str, share: float) -> float | None:
        """Duration in ms below which `share` (0 to 1) of the observations lie, interpolated in its bucket."""
        counts = [self.sum(f"{name}.le.{i}") for i in range(len(tally.LATENCY_BOUNDS_MS) + 1)]
        wanted = share * sum(counts)
        if not wanted:
            return None
        passed, lower = 0.0, 0.0
        for bound, count in zip(tally.LATENCY_BOUNDS_MS, counts, strict=False):
            if count and passed + count >= wanted:
                return lower + (bound - lower) * (wanted - passed) / count
            passed, lower = passed + count, float(bound)
        return lower

    def names(self, prefix: str) -> set[str]:
        """Counted names that begin with the prefix."""
        return {name for name in self.sums if name.startswith(prefix)}


def read(seconds: int = WINDOW_S, *, ago: int = 0) -> Window:
    """The window of `seconds` that ended `ago` seconds in the past. Raises RedisError."""
    last = int(time.time() - ago) // BUCKET_S
    first = last - seconds // BUCKET_S + 1
    pipe = redis.client().pipeline(transaction=False)
    for bucket in range(first, last + 1):
        pipe.hgetall(f"win:{bucket}")
    sums: dict[str, float] = {}
    for row in pipe.execute():
        for name, amount in row.items():
            key = redis.text(name)
            sums[key] = sums.get(key, 0.0) + float(amount)
    return Window(sums)


def distinct(what: str, seconds: int = WINDOW_S) -> int:
    """About how many distinct values `tally.seen(what, …)` was given (0.8 % off). Raises RedisError."""
    minute = int(time.time()) // 60
    keys = [f"win:seen:{what}:{minute - i}" for i in range(seconds // 60)]
    return int(redis.client().pfcount(*keys))


def flush() -> None:
    """Hand everything gathered so far to Redis.

    What can't be handed over waits, ten minutes at most, under the time at which it was counted.
    """
    with _flush_lock:
        now = time.time()
        sums, values = tally.drain()
        waiting = _pending.setdefault(int(now) // BUCKET_S, {})
        for name, amount in sums.items():
            waiting[name] = waiting.get(name, 0) + amount
        for what, found in values.items():
            _pending_seen.setdefault((what, int(now) // 60), set()).update(found)
        try:
            _send()
        except (RedisError, OSError):
            _drop_older_than(now - 600)
        else:
            _pending.clear()
            _pending_seen.clear()


def _send() -> None:
    pipe = redis.client().pipeline(transaction=True)
    for bucket, sums in _pending.items():
        for name, amount in sums.items():
            pipe.hincrbyfloat(f"win:{bucket}", name, amount)
        if sums:
            pipe.expire(f"win:{bucket}", _EXPIRES_S)
    for (what, minute), found in _pending_seen.items():
        pipe.pfadd(f"win:seen:{what}:{minute}", *found)
        pipe.expire(f"win:seen:{what}:{minute}", _EXPIRES_S)
    if len(pipe):
        pipe.execute()


def _drop_older_than(moment: float) -> None:
    for bucket in [b for b in _pending if b * BUCKET_S < moment]:
        del _pending[bucket]
    for key in [k for k in _pending_seen if k[1] * 60 < moment]:
        del _pending_seen[key]


def ensure_flusher() -> None:
    """Start this process's flusher thread once; cheap to call for every request."""
    global _flusher
    if _flusher is not None:
        return
    with _start_lock:
        if _flusher is None:
            _flusher = threading.Thread(target=_run, name="windows-flusher", daemon=True)
            _flusher.start()
            atexit.register(flush)


def _run() -> None:
    measures: tuple[Callable[[], None], ...] = (measure_cpu, measure_memory)
    while True:
        time.sleep(_FLUSH_EVERY_S)
        for measure in measures:
            measure()
        flush()


def cpu_name() -> str:
    """The sum under which this machine's processes of this kind add up their CPU time in ms."""
    return f"cpu.{_HOST}.{metric_files.process_kind()}"


def measure_cpu() -> None:
    """Add the CPU time this process has used since the last call."""
    global _cpu_ms_before
    used = resource.getrusage(resource.RUSAGE_SELF)
    now_ms = (used.ru_utime + used.ru_stime) * 1000
    tally.add(cpu_name(), now_ms - _cpu_ms_before)
    _cpu_ms_before = now_ms


def measure_memory() -> None:
    """Set the memory gauges from /proc/self/status; nothing is set where the system has no such file."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            found = dict(line.split(":", 1) for line in status if line.startswith(("VmRSS", "Rss")))
    except OSError:
        return
    kib = {name: int(value.split()[0]) for name, value in found.items()}
    shared = kib.get("RssFile", 0) + kib.get("RssShmem", 0)
    for kind, amount in (("rss", kib.get("VmRSS", 0)), ("shared", shared), ("python", kib.get("RssAnon", 0))):
        metrics.MEMORY_USAGE_BYTES.labels(kind).set(amount * 1024)


def _after_fork() -> None:
    global _flusher, _flush_lock, _start_lock, _cpu_ms_before
    _flusher, _flush_lock, _start_lock, _cpu_ms_before = None, threading.Lock(), threading.Lock(), 0.0
    _pending.clear()
    _pending_seen.clear()
    tally.forget_after_fork()


os.register_at_fork(after_in_child=_after_fork)
