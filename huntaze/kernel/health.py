"""Named checks of what the product depends on, and the word for all of them together.

Each check has its own time limit and runs in a thread of its own, so one that hangs costs nobody but itself;
while it hangs, no second run of it is started. No check calls a vendor: those are judged by their circuit
breaker and the calls of the last five minutes.

Overall: a critical service unhealthy makes all unhealthy; anything else that is not healthy makes it
degraded; `unconfigured` never lowers it.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Lock
from typing import Any

from django.db import connection
from redis.exceptions import RedisError

from huntaze.kernel import breaker, fleet, redis, windows
from huntaze.kernel.breaker_rules import State
from huntaze.kernel.celery_signals import install as install_celery_signals
from huntaze.kernel.heartbeats import (
    SILENT_AFTER_S,
    beat_heartbeat,
    beat_is_alive,
    events_age,
    queue_ages,
    worker_heartbeat,
)

__all__ = [
    "Outcome",
    "Service",
    "Status",
    "beat_heartbeat",
    "database",
    "install_celery_signals",
    "overall",
    "redis_answers",
    "register",
    "register_queue",
    "register_vendor",
    "run",
    "run_these",
    "worker_heartbeat",
]


class Status(StrEnum):
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"
    UNCONFIGURED = "unconfigured"


@dataclass(frozen=True)
class Outcome:
    """What a check found. Details are shown to staff only and hold no secret."""

    status: Status
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Service:
    """A check's result; `response_time` in ms, None when it did not end in time."""

    name: str
    status: Status
    response_time: float | None
    details: Mapping[str, Any]


@dataclass(frozen=True)
class _Check:
    run: Callable[[], Outcome]
    critical: bool
    timeout: float


_checks: dict[str, _Check] = {}
_running: dict[str, Future[tuple[Outcome, float]]] = {}
_lock = Lock()
_executor: ThreadPoolExecutor | None = None


def register(
    name: str, check: Callable[[], Outcome], *, critical: bool = False, timeout: float = 0.25
) -> None:
    """Add a check under the name that `/api/health` shows. Registering a name again replaces it.

    The check may raise; that counts as unhealthy. `timeout` in seconds.
    """
    _checks[name] = _Check(check, critical, timeout)


def run() -> list[Service]:
    """Run all registered checks at the same time, each within its own limit, in order of registration."""
    started = time.monotonic()
    futures = [(name, check, _start(name, check.run)) for name, check in _checks.items()]
    return [_result(name, future, check.timeout, started) for name, check, future in futures]


def run_these(chosen: Mapping[str, Callable[[], Outcome]], *, timeout: float) -> list[Service]:
    """Run checks that are not registered, all within one limit in seconds."""
    started = time.monotonic()
    futures = [(name, _start(f"ready:{name}", check)) for name, check in chosen.items()]
    return [_result(name, future, timeout, started) for name, future in futures]


def overall(services: Iterable[Service]) -> Status:
    """The word for all of them."""
    word = Status.HEALTHY
    for service in services:
        if service.status in (Status.HEALTHY, Status.UNCONFIGURED):
            continue
        check = _checks.get(service.name)
        if service.status is Status.UNHEALTHY and check is not None and check.critical:
            return Status.UNHEALTHY
        word = Status.DEGRADED
    return word


def _start(name: str, check: Callable[[], Outcome]) -> Future[tuple[Outcome, float]]:
    global _executor
    with _lock:
        running = _running.get(name)
        if running is not None and not running.done():
            return running
        if _executor is None:
            _executor = ThreadPoolExecutor(max_workers=32, thread_name_prefix="health")
        future = _executor.submit(_timed, check)
        _running[name] = future
        return future


def _timed(check: Callable[[], Outcome]) -> tuple[Outcome, float]:
    started = time.perf_counter()
    try:
        outcome = check()
    finally:
        connection.close()  # this thread's own; it must not hold one of the pool between checks
    return outcome, (time.perf_counter() - started) * 1000


def _result(name: str, future: Future[tuple[Outcome, float]], timeout: float, started: float) -> Service:
    left = max(0.0, timeout - (time.monotonic() - started))
    try:
        outcome, took = future.result(left)
    except TimeoutError:
        return Service(name, Status.UNHEALTHY, None, {"error": "timeout"})
    except Exception as error:  # noqa: BLE001 (whatever a check raises says the same about its service)
        return Service(name, Status.UNHEALTHY, None, {"error": type(error).__name__})
    return Service(name, outcome.status, round(took, 1), outcome.details)


def register_vendor(name: str, *, is_configured: Callable[[], bool], service: str | None = None) -> None:
    """Judge a vendor by the breaker `service` (default: the name) and its calls of the last five minutes.

    Unhealthy: open. Degraded: half-open, or at least 5 % of at least 20 calls failed.
    """
    breaker_name = service or name

    def check() -> Outcome:
        if not is_configured():
            return Outcome(Status.UNCONFIGURED)
        state = breaker.snapshot(breaker_name).state
        window = windows.read()
        failed = window.sum(f"brk.{breaker_name}.failed")
        calls = failed + window.sum(f"brk.{breaker_name}.ok")
        details = {"circuit": state.value, "calls": int(calls), "failed": int(failed)}
        if state is State.OPEN:
            return Outcome(Status.UNHEALTHY, details)
        many = calls >= 20 and failed / calls >= 0.05
        return Outcome(Status.DEGRADED if many or state is State.HALF_OPEN else Status.HEALTHY, details)

    register(name, check)


def register_queue(name: str, *, queue: str) -> None:
    """Judge a row queue by the fleet's gauges: degraded with more than 10 dead letters or an oldest due row
    above 60 s, unhealthy above 10 min. Not measured for a minute is degraded too."""

    def check() -> Outcome:
        found = {n: v for n, labels, v in fleet.collect() if labels.get("queue") == queue}
        oldest = found.get("huntaze_queue_oldest_due_seconds")
        dead = found.get("huntaze_queue_dead_letters")
        details = {"oldestDueSeconds": oldest, "deadLetters": dead}
        if oldest is None or dead is None:
            return Outcome(Status.DEGRADED, details)
        if oldest > 600:
            return Outcome(Status.UNHEALTHY, details)
        return Outcome(Status.DEGRADED if dead > 10 or oldest > 60 else Status.HEALTHY, details)

    register(name, check)


def database() -> Outcome:
    """One query on a connection of its own."""
    with connection.cursor() as cursor:
        cursor.execute("select 1")
        cursor.fetchone()
    return Outcome(Status.HEALTHY)


def redis_answers() -> Outcome:
    """One PING."""
    try:
        redis.client().ping()
    except (RedisError, OSError) as error:
        return Outcome(Status.UNHEALTHY, {"error": type(error).__name__})
    return Outcome(Status.HEALTHY)


def _workers() -> Outcome:
    """A queue whose consumer has not been heard for 60 s is without one."""
    ages = queue_ages()
    missing = sorted(queue for queue, age in ages.items() if age is None or age > 60)
    details = {"secondsSinceHeartbeat": ages, "missing": missing}
    return Outcome(Status.UNHEALTHY if missing else Status.HEALTHY, details)


def _beat() -> Outcome:
    return Outcome(Status.HEALTHY if beat_is_alive() else Status.UNHEALTHY)


def _events() -> Outcome:
    """Without it pages ask every fifteen seconds: slower, and nothing is lost."""
    age = events_age()
    is_alive = age is not None and age <= SILENT_AFTER_S
    return Outcome(Status.HEALTHY if is_alive else Status.DEGRADED, {"secondsSinceHeartbeat": age})


register("database", database, critical=True)
register("redis", redis_answers, critical=True)
register("workers", _workers)
register("beat", _beat)
register("events", _events)
