"""The measured figures of `/api/health`: indicators, request and cache figures, system, circuit breakers.

Everything comes from the windows in Redis, /proc, cgroups and pg_stat_activity. What was not measured, or
can't be read right now, is None; nothing here is a constant but the published targets.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from redis.exceptions import RedisError

from huntaze.kernel import breaker, fleet, heartbeats, windows
from huntaze.kernel.breaker_rules import State
from huntaze.kernel.windows import WINDOW_S, Window

_TREND = 0.10
_STATE_CODE = {State.CLOSED: 0, State.OPEN: 1, State.HALF_OPEN: 2}


@dataclass(frozen=True)
class _Indicator:
    name: str
    target: float
    unit: str
    higher_is_better: bool
    metric_name: str


INDICATORS = (
    _Indicator("Availability", 99.9, "%", True, "API Availability"),
    _Indicator("P95 Latency", 500, "ms", False, "P95 Latency"),
    _Indicator("Error Rate", 0.1, "%", False, "Error Rate"),
    _Indicator("Throughput", 100, "RPS", True, "Throughput"),
)


@dataclass(frozen=True)
class Figures:
    """The last five minutes and the five before them; both None while Redis can't be read."""

    now: Window | None
    before: Window | None


def read() -> Figures:
    """Both windows, or None for both."""
    try:
        return Figures(windows.read(), windows.read(ago=WINDOW_S))
    except (RedisError, OSError):
        return Figures(None, None)


def _rounded(value: float | None, places: int = 2) -> float | None:
    return None if value is None else round(value, places)


def _share(part: float, whole: float) -> float | None:
    return 100 * part / whole if whole else None


def _measured(window: Window | None) -> dict[str, float | None]:
    """Value of each indicator in a window."""
    if window is None or not window.sum("http.count"):
        return {indicator.name: None for indicator in INDICATORS}
    count = window.sum("http.count")
    failed = 100 * window.sum("http.5xx") / count
    return {
        "Availability": 100 - failed,
        "P95 Latency": window.percentile("http", 0.95),
        "Error Rate": failed,
        "Throughput": count / WINDOW_S,
    }


def slis(figures: Figures) -> list[dict[str, Any]]:
    """The indicators: name, current, target, unit, status, trend."""
    current, earlier = _measured(figures.now), _measured(figures.before)
    shed = figures.now.sum("http.shed") if figures.now else 0
    return [
        {
            "name": indicator.name,
            "current": _rounded(current[indicator.name]),
            "target": indicator.target,
            "unit": indicator.unit,
            "status": _status(indicator, current[indicator.name], shed),
            "trend": _trend(indicator, current[indicator.name], earlier[indicator.name]),
        }
        for indicator in INDICATORS
    ]


def _status(indicator: _Indicator, value: float | None, shed: float) -> str:
    if value is None:
        return "unknown"
    if (
        indicator.name == "Throughput"
    ):  # little traffic is no breach; turning requests away below the target is
        return "breaching" if shed and value < indicator.target else "meeting"
    met = value >= indicator.target if indicator.higher_is_better else value <= indicator.target
    return "meeting" if met else "breaching"


def _trend(indicator: _Indicator, value: float | None, earlier: float | None) -> str:
    if value is None or earlier is None:
        return "unknown"
    if abs(value - earlier) <= _TREND * abs(earlier):
        return "stable"
    return "improving" if (value > earlier) == indicator.higher_is_better else "degrading"


def request_metrics(figures: Figures) -> dict[str, Any]:
    """totalRequests, errorRate, averageResponseTime, cacheHitRate, availability of the last five minutes."""
    window = figures.now
    measured = _measured(window)
    hits = window.sum("cache.hits") if window else 0.0
    reads = hits + (window.sum("cache.misses") if window else 0.0)
    return {
        "totalRequests": int(window.sum("http.count")) if window else None,
        "errorRate": _rounded(measured["Error Rate"]),
        "averageResponseTime": _rounded(window.mean("http"), 1) if window else None,
        "cacheHitRate": _rounded(_share(hits, reads), 1),
        "availability": _rounded(measured["Availability"]),
    }


def circuit_breakers(figures: Figures) -> dict[str, dict[str, Any]]:
    """Every service's breaker in the shape of `/api/health`; empty while Redis can't be read."""
    if figures.now is None:
        return {}
    try:
        return {name: _breaker(name, figures.now) for name in breaker.services()}
    except (RedisError, OSError):
        return {}


def _breaker(name: str, window: Window) -> dict[str, Any]:
    found = breaker.snapshot(name)
    good, failed = window.sum(f"brk.{name}.ok"), window.sum(f"brk.{name}.failed")
    error_rate, average = _share(failed, good + failed), window.mean(f"brk.{name}")
    since = found.changed_at
    seconds = (datetime.now(UTC) - since).total_seconds() if since else None
    return {
        "state": found.state.value,
        "failureCount": found.failure_count,
        "totalRequests": int(good + failed),
        "successfulRequests": int(good),
        "failedRequests": int(failed),
        "errorRate": _rounded(error_rate),
        "avgLatency": _rounded(average, 1),
        "p95Latency": _rounded(window.percentile(f"brk.{name}", 0.95), 1),
        "lastStateChange": stamp(since) if since else None,
        "timeInCurrentState": _rounded(seconds, 0),
        "healthScore": _score(found.state, error_rate or 0.0, average or 0.0, seconds),
        "reason": found.reason,
        "halfOpenStats": {
            "requestCount": found.probes,
            "successCount": 0,  # the first success closes the breaker and ends the count
            "successRate": 0.0 if found.probes else None,
        },
        "fallbackChainStatus": [],
    }


def _score(state: State, error_rate: float, average_ms: float, seconds: float | None) -> int:
    """100 - 10 for each % of errors - 20 above 1 s (10 above 0.5 s) on average - 30 open or 15 half-open
    + 10 when closed for more than 5 min, between 0 and 100."""
    score = 100 - 10 * error_rate - (20 if average_ms > 1000 else 10 if average_ms > 500 else 0)
    score -= {State.OPEN: 30, State.HALF_OPEN: 15, State.CLOSED: 0}[state]
    if state is State.CLOSED and (seconds is None or seconds > 300):
        score += 10
    return int(max(0, min(100, score)))


def degradation(figures: Figures, breakers: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What is degraded now (open circuits), and the operations that ran with parts missing."""
    active = [
        {
            "service": name,
            "since": found["lastStateChange"],
            "reason": "circuit_open" if found["reason"] in (None, "failures") else found["reason"],
            "fallback": None,
            "effect": None,
        }
        for name, found in breakers.items()
        if found["state"] != State.CLOSED
    ]
    window = figures.now or Window()
    good, part = window.sum("degrade.success"), window.sum("degrade.partial")
    failed, fallbacks = window.sum("degrade.failed"), window.sum("degrade.fallbacks")
    total = good + part + failed
    return {
        "active": active,
        "totalRequests": int(total),
        "successfulRequests": int(good),
        "partialRequests": int(part),
        "failedRequests": int(failed),
        "fallbacksUsed": int(fallbacks),
        "averageDuration": _rounded(window.mean("degrade"), 1),
        "successRate": _rounded(_share(good, total), 1),
        "partialRate": _rounded(_share(part, total), 1),
        "fallbackRate": _rounded(_share(fallbacks, total), 1),
    }


def stamp(moment: datetime) -> str:
    """ISO 8601 in UTC with `Z`, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def publish_fleet() -> None:
    """Measure the gauges that are the same for the whole installation. Every 10 s from one task; raises
    RedisError."""
    figures = read()
    samples: list[fleet.Sample] = []
    for found, indicator in zip(slis(figures), INDICATORS, strict=True):
        labels = {"name": indicator.metric_name}
        samples.append(("sli_target", labels, indicator.target))
        status = {**labels, "target": f"{indicator.target:g}", "status": found["status"]}
        samples.append(("sli_current_value", status, found["current"]))
    requests = request_metrics(figures)
    hit_rate = requests["cacheHitRate"]
    samples += [
        ("huntaze_error_rate", {}, requests["errorRate"]),
        ("huntaze_cache_hit_rate", {}, hit_rate),
        ("huntaze_cache_hit_ratio", {}, None if hit_rate is None else hit_rate / 100),
        ("huntaze_active_users", {}, windows.distinct("users")),
    ]
    for service, state in breaker.states(breaker.services()).items():
        samples.append(("huntaze_circuit_breaker_state", {"service": service}, _STATE_CODE[state]))
    for queue, age in heartbeats.queue_ages().items():
        up = age is not None and age <= heartbeats.SILENT_AFTER_S
        samples.append(("huntaze_worker_up", {"queue": queue}, int(up)))
    fleet.publish("kernel", samples)
