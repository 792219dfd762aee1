"""The outermost middleware: gives each request its id, measures it and writes its access line.

The route is always the URL pattern, never the path: paths hold ids. Requests that match no pattern, and
those refused before a pattern was looked for, are "unmatched".
"""

import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import cast

import structlog
from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from huntaze.kernel import context, metrics, tally, windows
from huntaze.kernel.web import client_ip

log = structlog.get_logger("huntaze.access")

HEADER = "X-Request-ID"
UNMATCHED = "unmatched"
_PROBES = ("/api/health", "/api/metrics")

_Sync = Callable[[HttpRequest], HttpResponseBase]
_Async = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


def route_of(request: HttpRequest) -> str:
    """The pattern that the request matched, with a leading slash, or "unmatched"."""
    match = getattr(request, "resolver_match", None)
    return f"/{match.route}" if match is not None else UNMATCHED


class RequestContextMiddleware:
    """Binds the trace id (from `X-Request-ID` when sane, else made) and answers with it."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: _Sync | _Async) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if iscoroutinefunction(self.get_response):
            return self._answer_async(request, cast(_Async, self.get_response))
        started = time.perf_counter()
        trace_id = _trace_id(request)
        with context.bind(**_fresh(trace_id)), context.from_origin(partial(_origin, request)):
            response = cast(_Sync, self.get_response)(request)
            return _finish(request, response, trace_id, started)

    async def _answer_async(self, request: HttpRequest, get_response: _Async) -> HttpResponseBase:
        started = time.perf_counter()
        trace_id = _trace_id(request)
        with context.bind(**_fresh(trace_id)), context.from_origin(partial(_origin, request)):
            response = await get_response(request)
            return _finish(request, response, trace_id, started)


def _origin(request: HttpRequest) -> tuple[str | None, str]:
    return client_ip(request), request.META.get("HTTP_USER_AGENT", "")


def _trace_id(request: HttpRequest) -> str:
    return context.sane(request.headers.get(HEADER)) or context.new_trace_id()


def _fresh(trace_id: str) -> dict[str, str | None]:
    """A thread serves one request after the other: what an earlier one left behind must not show."""
    return {"trace_id": trace_id, "user_id": None, "workspace_id": None, "workflow_id": None, "route": None}


def _finish(
    request: HttpRequest, response: HttpResponseBase, trace_id: str, started: float
) -> HttpResponseBase:
    seconds = time.perf_counter() - started
    route = route_of(request)
    method = metrics.known_method(request.method)
    response.headers[HEADER] = trace_id
    metrics.REQUESTS.labels(route, method, str(response.status_code)).inc()
    metrics.REQUEST_DURATION_SECONDS.labels(route, method).observe(seconds)
    windows.ensure_flusher()
    person = getattr(request, "principal", None) or getattr(request, "auth", None)
    user_id, workspace_id = getattr(person, "user_id", None), getattr(person, "workspace_id", None)
    if not route.startswith(_PROBES):
        _count(response.status_code, seconds * 1000, user_id)
    with context.bind(route=route, user_id=user_id, workspace_id=workspace_id):
        log.info(
            "http.request.finished",
            method=method,
            status=response.status_code,
            duration_ms=round(seconds * 1000, 1),
        )
    return response


def _count(status: int, milliseconds: float, user_id: str | None) -> None:
    """What the health figures are made of; probes are left out of them."""
    tally.observe("http", milliseconds)
    if status >= 500:
        tally.add("http.5xx")
    if user_id:
        tally.seen("users", user_id)
