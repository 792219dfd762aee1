"""The one place where errors become HTTP answers."""

from datetime import datetime
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404
from django.http.request import UnreadablePostError
from rest_framework import exceptions, status
from rest_framework.response import Response

from huntaze.kernel import clock, context, errors
from huntaze.kernel.api.wire import camel

log = structlog.get_logger(__name__)

STATUS: dict[type[errors.DomainError], int] = {
    errors.NotAuthenticated: status.HTTP_401_UNAUTHORIZED,
    errors.NotAllowed: status.HTTP_403_FORBIDDEN,
    errors.NotFound: status.HTTP_404_NOT_FOUND,
    errors.Conflict: status.HTTP_409_CONFLICT,
    errors.Invalid: status.HTTP_400_BAD_REQUEST,
    errors.RateLimited: status.HTTP_429_TOO_MANY_REQUESTS,
    errors.UsageLimitExceeded: status.HTTP_429_TOO_MANY_REQUESTS,
    errors.Unavailable: status.HTTP_503_SERVICE_UNAVAILABLE,
}


def handle(error: Exception, context_: dict[str, Any]) -> Response:
    """DRF's exception handler: every error is an object with `error` and `requestId`."""
    if isinstance(error, errors.DomainError):
        answer = _domain(error)
    elif isinstance(error, RequestDataTooBig):
        answer = Response({"error": "The request body is too large"}, status=413)
    elif isinstance(error, UnreadablePostError | SuspiciousOperation):
        answer = Response({"error": "Invalid request body"}, status=400)
    elif isinstance(error, exceptions.APIException | Http404 | PermissionDenied):
        answer = _framework(error)
    else:
        log.exception("api.request.failed")
        answer = Response({"error": "Internal server error"}, status=500)
    assert isinstance(answer.data, dict)
    answer.data["request_id"] = context.trace_id()
    return answer


def _domain(error: errors.DomainError) -> Response:
    code = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), status.HTTP_400_BAD_REQUEST)
    body: dict[str, Any] = {"error": error.message}
    if isinstance(error, errors.Invalid):
        body["details"] = [{"field": item.field, "message": item.message} for item in error.errors]
    elif error.code not in {kind.code for kind in STATUS}:
        body["code"] = error.code
    for key, value in error.data.items():
        body[key] = clock.iso(value) if isinstance(value, datetime) else value
    answer = Response(body, status=code)
    if code == status.HTTP_401_UNAUTHORIZED:
        answer["WWW-Authenticate"] = "Bearer"
    if "retry_after" in error.data:
        answer["Retry-After"] = str(error.data["retry_after"])
    return answer


def _framework(error: Exception) -> Response:
    if isinstance(error, exceptions.ValidationError):
        return Response({"error": "Validation failed", "details": details(error.detail)}, status=400)
    if isinstance(error, exceptions.ParseError):
        return Response({"error": "Invalid request body"}, status=400)
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        answer = Response({"error": errors.NotAuthenticated.message}, status=401)
        answer["WWW-Authenticate"] = "Bearer"
        return answer
    if isinstance(error, Http404 | exceptions.NotFound):
        return Response({"error": "Not found"}, status=404)
    if isinstance(error, PermissionDenied | exceptions.PermissionDenied):
        return Response({"error": errors.NotAllowed.message}, status=403)
    assert isinstance(error, exceptions.APIException)
    return Response({"error": str(error.detail)}, status=error.status_code)


def details(detail: Any, path: str = "") -> list[dict[str, str]]:
    """DRF's nested error structure as a flat list of dotted camelCase paths and sentences."""
    if isinstance(detail, dict):
        found: list[dict[str, str]] = []
        for key, value in detail.items():
            name = path if key == "non_field_errors" else ".".join(filter(None, (path, camel(str(key)))))
            found += details(value, name)
        return found
    if isinstance(detail, list):
        found = []
        for index, value in enumerate(detail):
            if isinstance(value, dict | list):  # one row of several; a row without faults is empty
                found += details(value, ".".join(filter(None, (path, str(index)))))
            else:
                found.append({"field": path, "message": str(value)})
        return found
    return [{"field": path, "message": str(detail)}]
