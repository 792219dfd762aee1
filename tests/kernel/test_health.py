"""Health says what was measured, degrades as published, and shows strangers no details."""

import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from huntaze.kernel import (
    breaker,
    context,
    fleet,
    health,
    health_figures,
    heartbeats,
    redis,
    shutdown,
    tally,
    windows,
)
from huntaze.kernel.api import ops
from huntaze.kernel.breaker_rules import State
from huntaze.kernel.health import Outcome, Service, Status
from huntaze.kernel.middleware import RequestContextMiddleware
from huntaze.kernel.windows import Window

AWAY = "redis://127.0.0.1:1/0"
HEALTHY, DEGRADED, UNHEALTHY, UNCONFIGURED = (
    Status.HEALTHY,
    Status.DEGRADED,
    Status.UNHEALTHY,
    Status.UNCONFIGURED,
)


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks registered by a test end with it, and each test starts with empty windows."""
    monkeypatch.setattr(health, "_checks", dict(health._checks))
    monkeypatch.setattr(health, "_running", {})
    client = redis.client()
    tally.drain()
    for pattern in ("win:*", "fleet:*", "hb:*"):
        for key in client.scan_iter(pattern):
            client.delete(key)


def only(monkeypatch: pytest.MonkeyPatch, **checks: Callable[[], Outcome]) -> list[Service]:
    monkeypatch.setattr(health, "_checks", {})
    for name, check in checks.items():
        health.register(name, check, critical=name == "critical")
    return health.run()


def says(status: Status) -> Callable[[], Outcome]:
    return lambda: Outcome(status)


@pytest.mark.parametrize(
    ("critical", "other", "word"),
    [
        (HEALTHY, HEALTHY, HEALTHY), (HEALTHY, UNCONFIGURED, HEALTHY), (HEALTHY, DEGRADED, DEGRADED),
        (HEALTHY, UNHEALTHY, DEGRADED), (DEGRADED, HEALTHY, DEGRADED), (UNHEALTHY, HEALTHY, UNHEALTHY),
    ],
)  # fmt: skip
def test_the_word_for_all(
    monkeypatch: pytest.MonkeyPatch, critical: Status, other: Status, word: Status
) -> None:
    assert health.overall(only(monkeypatch, critical=says(critical), other=says(other))) is word


def test_a_hanging_check_costs_only_itself_and_runs_once(monkeypatch: pytest.MonkeyPatch) -> None:
    release, runs = threading.Event(), []

    def hangs() -> Outcome:
        runs.append(1)
        release.wait(5)
        return Outcome(HEALTHY)

    started = time.monotonic()
    found = only(monkeypatch, hangs=hangs, fine=says(HEALTHY))
    assert time.monotonic() - started < 0.4
    assert [(s.name, s.status, dict(s.details)) for s in found] == [
        ("hangs", UNHEALTHY, {"error": "timeout"}),
        ("fine", HEALTHY, {}),
    ]
    health.run()
    assert len(runs) == 1
    release.set()


def test_a_raising_check_is_unhealthy_and_tells_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    def raises() -> Outcome:
        raise RuntimeError("password=hunter2")

    (found,) = only(monkeypatch, raises=raises)
    assert (found.status, found.details) == (UNHEALTHY, {"error": "RuntimeError"})


def result_of(name: str) -> Service:
    return next(service for service in health.run() if service.name == name)


@pytest.mark.django_db
def test_workers_and_beat_are_judged_by_their_heartbeats(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (result_of("workers").status, result_of("beat").status) == (UNHEALTHY, UNHEALTHY)
    health.worker_heartbeat(["default", "webhooks"])
    health.beat_heartbeat()
    workers = result_of("workers")
    assert (workers.status, workers.details["missing"]) == (UNHEALTHY, ["send"])
    health.worker_heartbeat(["send"])
    assert (result_of("workers").status, result_of("beat").status) == (HEALTHY, HEALTHY)
    later = time.time() + 62
    monkeypatch.setattr(time, "time", lambda: later)
    workers = result_of("workers")
    assert (workers.status, workers.details["missing"]) == (UNHEALTHY, ["default", "send", "webhooks"])
    assert result_of("beat").status is UNHEALTHY


@pytest.mark.parametrize(
    ("oldest", "dead", "status"),
    [(0.4, 0, HEALTHY), (60, 10, HEALTHY), (61, 0, DEGRADED), (0, 11, DEGRADED), (601, 0, UNHEALTHY)],
)
def test_a_queue_is_judged_by_age_and_dead_letters(oldest: float, dead: int, status: Status) -> None:
    health.register_queue("messaging-queue", queue="deliveries")
    assert result_of("messaging-queue").status is DEGRADED  # nobody measured it
    labels = {"queue": "deliveries"}
    samples: list[fleet.Sample] = [
        ("huntaze_queue_oldest_due_seconds", labels, oldest),
        ("huntaze_queue_dead_letters", labels, dead),
    ]
    fleet.publish("messaging", samples)
    assert result_of("messaging-queue").status is status


def vendor(calls: int, failed: int, configured: bool = True) -> Status:
    name = f"vendor-{uuid.uuid4().hex}"
    health.register_vendor(name, is_configured=lambda: configured)
    for number in range(calls):
        breaker.record(name, number >= failed or number % 2 == 0, 10)
    windows.flush()
    found = result_of(name)
    redis.client().srem("brk:services", name)
    return found.status


def test_a_vendor_is_judged_by_breaker_and_calls() -> None:
    assert vendor(0, 0) is HEALTHY
    assert vendor(0, 0, configured=False) is UNCONFIGURED
    assert vendor(19, 2) is HEALTHY  # one failure, too few calls
    assert vendor(20, 2) is DEGRADED  # one of twenty
    assert vendor(40, 2) is HEALTHY
    name = f"vendor-{uuid.uuid4().hex}"
    health.register_vendor(name, is_configured=lambda: True)
    breaker.record(name, False, 10, reason="auth")
    assert result_of(name).status is UNHEALTHY
    redis.client().srem("brk:services", name)


def window(count: int, failed: int = 0, ms: float = 40, shed: int = 0) -> Window:
    sums = {
        "http.count": count,
        "http.ms": count * ms,
        "http.le.3": count,
        "http.5xx": failed,
        "http.shed": shed,
    }
    return Window(sums)


def sli(now: Window | None, before: Window | None = None) -> dict[str, tuple[Any, str, str]]:
    found = health_figures.slis(health_figures.Figures(now, before))
    return {row["name"]: (row["current"], row["status"], row["trend"]) for row in found}


def test_no_traffic_is_unknown_and_null() -> None:
    for empty in (Window(), None):
        assert set(sli(empty).values()) == {(None, "unknown", "unknown")}
    figures = health_figures.request_metrics(health_figures.Figures(Window(), Window()))
    assert figures == {
        "totalRequests": 0, "errorRate": None, "averageResponseTime": None, "cacheHitRate": None,
        "availability": None,
    }  # fmt: skip
    assert set(health_figures.request_metrics(health_figures.Figures(None, None)).values()) == {None}


def test_indicators_equal_an_independent_count() -> None:
    found = sli(window(3000, failed=6), window(3000, failed=1))
    assert found["Availability"] == (99.8, "breaching", "stable")
    assert found["Error Rate"] == (0.2, "breaching", "degrading")
    assert found["Throughput"] == (10.0, "meeting", "stable")
    assert found["P95 Latency"][0] == 48.75  # all in the bucket 25 to 50 ms
    assert found["P95 Latency"][1] == "meeting"


def test_throughput_breaches_only_when_requests_were_turned_away() -> None:
    assert sli(window(300))["Throughput"][1] == "meeting"
    assert sli(window(300, shed=1))["Throughput"][1] == "breaching"
    assert sli(window(60_000, shed=1))["Throughput"][1] == "meeting"


def test_trends_need_ten_percent() -> None:
    assert sli(window(1050), window(1000))["Throughput"][2] == "stable"
    assert sli(window(1200), window(1000))["Throughput"][2] == "improving"
    assert sli(window(800), window(1000))["Throughput"][2] == "degrading"


@pytest.mark.parametrize(
    ("state", "errors", "average", "seconds", "score"),
    [
        (State.CLOSED, 0, 100, 400, 100), (State.CLOSED, 1, 100, 10, 90), (State.CLOSED, 0, 600, 10, 90),
        (State.CLOSED, 0, 1200, 400, 90), (State.OPEN, 5, 1200, 400, 0), (State.HALF_OPEN, 2, 100, 9, 65),
    ],
)  # fmt: skip
def test_the_health_score(state: State, errors: float, average: float, seconds: float, score: int) -> None:
    assert health_figures._score(state, errors, average, seconds) == score


# --- the doors


def call(view: Callable[[HttpRequest], HttpResponse], **headers: Any) -> tuple[int, dict[str, Any]]:
    import json

    response = view(RequestFactory().get("/", **headers))
    return response.status_code, json.loads(response.content)


TOKEN = {"HTTP_AUTHORIZATION": "Bearer " + "t" * 40}


@pytest.fixture
def token(settings: object) -> None:
    settings.OPS_TOKEN = "t" * 40  # type: ignore[attr-defined]


def test_live_asks_nobody(settings: object) -> None:
    settings.REDIS_URL = AWAY  # type: ignore[attr-defined]
    started = time.perf_counter()
    status, body = call(ops.live)
    assert time.perf_counter() - started < 0.05
    assert (status, body["status"], body["timestamp"][-1]) == (200, "alive", "Z")


@pytest.mark.django_db
class TestReady:
    def settled(self) -> tuple[int, dict[str, Any]]:
        """The first answer may still be looking for migrations."""
        for _ in range(50):
            status, body = call(ops.ready)
            if body["checks"]["migrations"].get("error") != "timeout":
                break
            time.sleep(0.1)
        return status, body

    def test_it_has_the_published_shape(self) -> None:
        fleet.publish("x", [("huntaze_queue_oldest_due_seconds", {"queue": "q"}, 0.4)])
        status, body = self.settled()
        assert (status, body["status"], set(body)) == (200, "ready", {"status", "checks", "timestamp"})
        checks = body["checks"]
        assert checks["migrations"] == {"ok": True, "pending": 0}
        assert checks["queue"] == {"ok": True, "oldestDueSeconds": 0.4}
        assert set(checks["database"]) == set(checks["redis"]) == {"ok", "ms"}

    def test_redis_away_is_told_and_does_not_gate(self, settings: object) -> None:
        self.settled()
        settings.REDIS_URL = AWAY  # type: ignore[attr-defined]
        status, body = self.settled()
        assert (status, body["checks"]["redis"]["ok"]) == (200, False)

    def test_a_database_away_gates(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.settled()
        from django.db import connection

        monkeypatch.setitem(connection.settings_dict, "PORT", "1")
        status, body = self.settled()
        assert (status, body["status"], body["checks"]["database"]["ok"]) == (503, "unready", False)

    def test_pending_migrations_gate(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ops, "_migrations", lambda: Outcome(UNHEALTHY, {"pending": 2}))
        status, body = call(ops.ready)
        assert (status, body["status"]) == (503, "unready")
        assert body["checks"]["migrations"] == {"ok": False, "pending": 2}

    def test_a_process_that_stops_is_draining(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(shutdown, "_flag", bytearray(b"\x01"))
        status, body = self.settled()
        assert (status, body["status"]) == (503, "draining")


KEYS = {
    "status", "timestamp", "uptime", "version", "environment", "services", "slis", "metrics", "system",
    "circuitBreakers", "degradation",
}  # fmt: skip


@pytest.mark.django_db
@pytest.mark.usefixtures("token")
class TestHealth:
    def test_strangers_get_all_keys_and_no_details(self) -> None:
        health.register("x", lambda: Outcome(DEGRADED, {"a": 1}))
        status, body = call(ops.health)
        assert (status, body["status"], set(body), body["system"]) == (200, "degraded", KEYS, {})
        assert all(service["details"] == {} for service in body["services"])

    def test_the_ops_token_gets_everything(self) -> None:
        health.register("x", lambda: Outcome(DEGRADED, {"a": 1}))
        _, body = call(ops.health, **TOKEN)
        assert {"name": "x", "details": {"a": 1}}.items() <= body["services"][-1].items()
        memory = body["system"]["memory"]
        assert 10_000_000 < memory["used"] < memory["total"]
        assert body["system"]["connections"]["active"] >= 1

    def test_a_wrong_token_gets_nothing_more(self) -> None:
        _, body = call(ops.health, HTTP_AUTHORIZATION="Bearer " + "u" * 40)
        assert body["system"] == {}

    def test_redis_away_is_unhealthy_with_null_figures(self, settings: object) -> None:
        settings.REDIS_URL = AWAY  # type: ignore[attr-defined]
        status, body = call(ops.health, **TOKEN)
        assert (status, body["status"]) == (503, "unhealthy")
        assert set(body["metrics"].values()) == {None}
        assert {row["current"] for row in body["slis"]} == {None}

    def test_an_open_breaker_shows_as_degradation(self) -> None:
        name = f"svc-{uuid.uuid4().hex}"
        for _ in range(5):
            breaker.record(name, False, 100)
        windows.flush()
        _, body = call(ops.health)
        redis.client().srem("brk:services", name)
        found = body["circuitBreakers"][name]
        assert (found["state"], found["totalRequests"], found["failedRequests"], found["errorRate"]) == (
            "OPEN", 5, 5, 100.0,
        )  # fmt: skip
        assert (found["avgLatency"], found["reason"], found["failureCount"]) == (100.0, "failures", 5)
        active = [row for row in body["degradation"]["active"] if row["service"] == name]
        assert [(row["reason"], row["since"]) for row in active] == [
            ("circuit_open", found["lastStateChange"])
        ]


@pytest.mark.usefixtures("token")
class TestMetrics:
    def get(self, **headers: Any) -> HttpResponse:
        return ops.metrics(RequestFactory().get("/api/metrics", **headers))

    def test_an_allowed_net_reads_them(self) -> None:
        response = self.get(REMOTE_ADDR="127.0.0.1")
        assert response["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert response["Cache-Control"] == "no-cache, no-store, must-revalidate"
        assert b"huntaze_build_info" in response.content

    def test_others_need_the_token(self) -> None:
        assert self.get(REMOTE_ADDR="203.0.113.9").status_code == 403
        assert self.get(REMOTE_ADDR="203.0.113.9", **TOKEN).status_code == 200

    def test_no_token_set_opens_nothing(self, settings: object) -> None:
        settings.OPS_TOKEN = ""  # type: ignore[attr-defined]
        assert self.get(REMOTE_ADDR="203.0.113.9", HTTP_AUTHORIZATION="Bearer ").status_code == 403


def test_the_fleet_gauges_are_published() -> None:
    tally.observe("http", 40)
    tally.seen("users", "usr_1")
    windows.flush()
    health.worker_heartbeat(["default"])
    health_figures.publish_fleet()
    found = {(name, *labels.values()): value for name, labels, value in fleet.collect()}
    assert found["sli_target", "API Availability"] == 99.9
    assert found["sli_current_value", "API Availability", "99.9", "meeting"] == 100
    assert found["huntaze_error_rate",] == 0
    assert found["huntaze_active_users",] == 1
    assert (found["huntaze_worker_up", "default"], found["huntaze_worker_up", "send"]) == (1, 0)
    assert ("huntaze_cache_hit_rate",) not in found


# --- the middleware


def test_a_sane_request_id_is_taken_and_any_other_replaced(client: Client) -> None:
    assert (
        client.get("/api/health/live", HTTP_X_REQUEST_ID="abc-12345").headers["X-Request-ID"] == "abc-12345"
    )
    for value in ("short", "a b c d e f g h", "x" * 65, "é" * 10):
        answered = client.get("/api/health/live", HTTP_X_REQUEST_ID=value).headers["X-Request-ID"]
        assert answered != value
        assert context.sane(answered) == answered


def test_requests_are_counted_by_pattern_and_never_by_path(client: Client) -> None:
    from huntaze.kernel import metrics

    def count(endpoint: str, method: str, status: str) -> float:
        return metrics.REQUESTS.labels(endpoint, method, status)._value.get()

    before = (
        count("/api/health/live", "GET", "200"),
        count("unmatched", "GET", "404"),
        count("unmatched", "OTHER", "405"),
    )
    client.get("/api/health/live")
    client.get(f"/api/nowhere/{uuid.uuid4()}")
    client.generic("PROPFIND", f"/api/nowhere/{uuid.uuid4()}")
    after = (
        count("/api/health/live", "GET", "200"),
        count("unmatched", "GET", "404"),
        count("unmatched", "OTHER", "405"),
    )
    assert [a - b for a, b in zip(after, before, strict=True)] == [1, 1, 1]


def test_probes_are_left_out_of_the_figures_and_errors_counted() -> None:
    def answer(status: int) -> HttpResponse:
        return HttpResponse(status=status)

    for status in (200, 404, 500, 503):
        RequestContextMiddleware(lambda request, s=status: answer(s))(RequestFactory().get("/x"))  # type: ignore[misc]
    sums, _ = tally.drain()
    assert (sums["http.count"], sums["http.5xx"]) == (4, 2)


def test_the_context_ends_with_the_request() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        context.put(user_id="usr_1")
        assert context.trace_id() == "abc-12345"
        return HttpResponse()

    with context.bind(trace_id=None, user_id=None):
        RequestContextMiddleware(view)(RequestFactory().get("/x", HTTP_X_REQUEST_ID="abc-12345"))
        assert context.current() == {}


def test_heartbeat_queues_come_from_the_settings(settings: object) -> None:
    settings.WORKER_QUEUES = ["send"]  # type: ignore[attr-defined]
    assert heartbeats.queue_ages() == {"send": None}
