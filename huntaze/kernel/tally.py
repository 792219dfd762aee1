"""Counts a process has gathered since it last handed them over: plain numbers in memory, nothing else.

`huntaze.kernel.windows` drains them into Redis every second. Names are `<area>.<what>`; each is a sum of
numbers. `seen` gathers distinct values (people active), which are counted and never listed.
"""

from threading import Lock

_lock = Lock()
_sums: dict[str, float] = {}
_seen: dict[str, set[str]] = {}
_MAX_SEEN = 10_000

# Upper bounds in ms of the latency buckets that percentiles are read from; the last is open.
LATENCY_BOUNDS_MS = (5, 10, 25, 50, 75, 100, 150, 200, 300, 500, 750, 1000, 1500, 2500, 5000, 10000, 30000)


def add(name: str, amount: float = 1) -> None:
    """Add to a sum."""
    with _lock:
        _sums[name] = _sums.get(name, 0) + amount


def observe(name: str, milliseconds: float) -> None:
    """Count one duration: `name.count`, `name.ms` and one of the buckets `name.le.<index>`."""
    index = next(
        (i for i, bound in enumerate(LATENCY_BOUNDS_MS) if milliseconds <= bound), len(LATENCY_BOUNDS_MS)
    )
    with _lock:
        for key, amount in (
            (f"{name}.count", 1.0),
            (f"{name}.ms", milliseconds),
            (f"{name}.le.{index}", 1.0),
        ):
            _sums[key] = _sums.get(key, 0) + amount


def seen(name: str, value: str) -> None:
    """Remember a distinct value until the next hand-over; beyond 10,000 of them new ones are dropped."""
    with _lock:
        values = _seen.setdefault(name, set())
        if len(values) < _MAX_SEEN:
            values.add(value)


def drain() -> tuple[dict[str, float], dict[str, set[str]]]:
    """Take everything gathered and start again from nothing."""
    global _sums, _seen
    with _lock:
        taken, _sums = _sums, {}
        values, _seen = _seen, {}
    return taken, values


def forget_after_fork() -> None:
    """A child starts from nothing: what the parent gathered is the parent's to hand over."""
    global _lock, _sums, _seen
    _lock, _sums, _seen = Lock(), {}, {}
