"""What this process group and its database use: memory, CPU, connections; cached for ten seconds."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

from django.db import DatabaseError, connection
from redis.exceptions import RedisError

from huntaze.kernel import windows

_CACHED_S = 10.0
_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_UNLIMITED = 1 << 60

_lock = Lock()
_cache: dict[str, tuple[float, Any]] = {}


def figures() -> dict[str, Any]:
    """`memory` in bytes, `cpu.usage` in % of the processors we may use, `connections` of the database."""
    return {
        "memory": _cached("memory", memory),
        "cpu": {"usage": _cached("cpu", cpu_usage)},
        "connections": _cached("connections", connections),
    }


def _cached(name: str, measure: Callable[[], Any]) -> Any:
    with _lock:
        found = _cache.get(name)
    if found is not None and found[0] > time.monotonic():
        return found[1]
    value = measure()
    with _lock:
        _cache[name] = (time.monotonic() + _CACHED_S, value)
    return value


def memory() -> dict[str, Any]:
    """Resident memory of the process group against the cgroup's limit, else the machine's memory."""
    used = sum(filter(None, (_resident(path) for path in Path("/proc").glob("[0-9]*"))))
    total = memory_limit()
    percentage = round(100 * used / total) if total else None
    return {"used": used or None, "total": total, "percentage": percentage if used else None}


def _resident(process: Path) -> int:
    """Resident bytes of a process when it is in our group, else 0; 0 too when it has just ended."""
    try:
        after_name = (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    group, pages = int(after_name[2]), int(after_name[21])
    return pages * os.sysconf("SC_PAGE_SIZE") if group == os.getpgrp() else 0


def uptime() -> float:
    """Seconds since the process that leads our group (the web server's master) started, else since we did."""
    for process in (os.getpgrp(), os.getpid()):
        try:
            after_name = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        started = int(after_name[19]) / os.sysconf("SC_CLK_TCK")
        return round(time.clock_gettime(time.CLOCK_BOOTTIME) - started, 1)
    return round(time.process_time(), 1)


def memory_limit() -> int | None:
    """Bytes this process group may use."""
    for path in _CGROUP_LIMITS:
        try:
            text = Path(path).read_text().strip()
        except OSError:
            continue
        if text != "max" and int(text) < _UNLIMITED:
            return int(text)
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return None


def cpu_usage() -> float | None:
    """CPU of this machine's processes of our kind over the last whole ten seconds, in % of the processors
    they may run on; None while nothing was handed over yet."""
    try:
        window = windows.read(windows.BUCKET_S, ago=windows.BUCKET_S)
    except (RedisError, OSError):
        return None
    if windows.cpu_name() not in window.sums:
        return None
    processors = len(os.sched_getaffinity(0))
    return round(100 * window.sum(windows.cpu_name()) / (windows.BUCKET_S * 1000 * processors), 1)


def connections() -> dict[str, int | None]:
    """Connections to our database that run a query, and that wait."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "select count(*) filter (where state = 'active'), count(*) filter (where state ~ '^idle') "
                "from pg_stat_activity where datname = current_database()"
            )
            active, idle = cursor.fetchone()
    except DatabaseError:
        return {"active": None, "idle": None}
    return {"active": active, "idle": idle}
