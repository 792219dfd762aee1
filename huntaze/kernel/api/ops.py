"""The doors of operations: alive, ready, health, metrics. Nothing here calls out of the house."""

import ipaddress
import secrets
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from huntaze.kernel import exposition, fleet, health_figures, shutdown, system
from huntaze.kernel import health as checks
from huntaze.kernel.health import Outcome, Service, Status
from huntaze.kernel.health_figures import stamp
from huntaze.kernel.metrics import CONTENT_TYPE
from huntaze.kernel.web import client_ip

_READY_TIMEOUT_S = 0.15
_READY = ("database", "migrations", "redis", "queue")
_migrated = False


def _now() -> str:
    return stamp(datetime.now(UTC))


def _json(body: dict[str, Any], status: int) -> JsonResponse:
    response = JsonResponse(body, status=status)
    response["Cache-Control"] = "no-store"
    return response


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return _json({"status": "alive", "timestamp": _now()}, 200)


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Whether this process should get requests.

    Only the database, the migrations and draining decide. Redis and the age of the queue are shared by all
    processes: deciding on them would take every process out at once.
    """
    found = {service.name: service for service in _readiness()}
    body_checks = {name: _check_body(found[name]) for name in _READY}
    if shutdown.is_announced():
        word = "draining"
    elif body_checks["database"]["ok"] and body_checks["migrations"]["ok"]:
        word = "ready"
    else:
        word = "unready"
    body = {"status": word, "checks": body_checks, "timestamp": _now()}
    return _json(body, 200 if word == "ready" else 503)


def _readiness() -> list[Service]:
    return checks.run_these(
        {
            "database": checks.database,
            "migrations": _migrations,
            "redis": checks.redis_answers,
            "queue": _queue,
        },
        timeout=_READY_TIMEOUT_S,
    )


def _check_body(service: Service) -> dict[str, Any]:
    body: dict[str, Any] = {"ok": service.status is Status.HEALTHY}
    if service.name in ("database", "redis"):
        body["ms"] = service.response_time
    return {**body, **service.details}


def _migrations() -> Outcome:
    """Unapplied migrations. None once is none for good: this code's migrations don't grow."""
    global _migrated
    if _migrated:
        return Outcome(Status.HEALTHY, {"pending": 0})
    executor = MigrationExecutor(connection)
    pending = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    _migrated = not pending
    return Outcome(Status.UNHEALTHY if pending else Status.HEALTHY, {"pending": pending})


def _queue() -> Outcome:
    """The oldest due row of all queues, as last measured; None when nobody measured in the last minute."""
    ages = [value for name, _, value in fleet.collect() if name == "huntaze_queue_oldest_due_seconds"]
    oldest = max(ages, default=None)
    late = oldest is not None and oldest > 600
    return Outcome(Status.DEGRADED if late else Status.HEALTHY, {"oldestDueSeconds": oldest})


@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Services, indicators, breakers and degradation; staff and the ops token also see details and system."""
    services = checks.run()
    word = checks.overall(services)
    everything = _sees_everything(request)
    # A Redis that hangs has been waited for once already.
    has_redis = all(service.status is Status.HEALTHY for service in services if service.name == "redis")
    figures = health_figures.read() if has_redis else health_figures.Figures(None, None)
    breakers = health_figures.circuit_breakers(figures)
    body = {
        "status": word.value,
        "timestamp": _now(),
        "uptime": system.uptime(),
        "version": settings.VERSION,
        "environment": settings.ENVIRONMENT_NAME,
        "services": [_service_body(service, everything) for service in services],
        "slis": health_figures.slis(figures),
        "metrics": health_figures.request_metrics(figures),
        "system": system.figures() if everything else {},
        "circuitBreakers": breakers,
        "degradation": health_figures.degradation(figures, breakers),
    }
    return _json(body, 503 if word is Status.UNHEALTHY else 200)


def _service_body(service: Service, everything: bool) -> dict[str, Any]:
    return {
        "name": service.name,
        "status": service.status.value,
        "responseTime": service.response_time,
        "details": dict(service.details) if everything else {},
    }


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The Prometheus text, for allowed networks and the ops token."""
    if not (_has_ops_token(request) or _is_in_allowed_net(request)):
        return _json({"error": "Forbidden"}, 403)
    response = HttpResponse(exposition.render(), content_type=CONTENT_TYPE)
    response["Cache-Control"] = "no-cache, no-store, must-revalidate"
    return response


def _sees_everything(request: HttpRequest) -> bool:
    return _has_ops_token(request) or _is_staff(request)


def _has_ops_token(request: HttpRequest) -> bool:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    wanted = settings.OPS_TOKEN
    if not wanted or kind.lower() != "bearer":
        return False
    return secrets.compare_digest(token.strip().encode(), wanted.encode())


def _is_staff(request: HttpRequest) -> bool:
    """Asked only of requests with a session cookie; a store that is away makes nobody staff."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return False
    try:
        user = getattr(request, "user", None)
        return bool(user is not None and user.is_active and user.is_staff)
    except (DatabaseError, RedisError):
        return False


def _is_in_allowed_net(request: HttpRequest) -> bool:
    found = client_ip(request)
    if found is None:
        return False
    address = ipaddress.ip_address(found)
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    return any(address in ipaddress.ip_network(net) for net in settings.METRICS_ALLOWED_NETS)
