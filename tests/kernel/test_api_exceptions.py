"""Every error is an object with `error` and `requestId`, under the status that its kind has."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions, serializers

from accounts import errors as accounts_errors
from huntaze.kernel import context, errors
from huntaze.kernel.api.exceptions import details, handle
from huntaze.kernel.api.wire import CamelCaseJSONRenderer

RESET = datetime(2026, 11, 21, 12, 0, 12, tzinfo=UTC)
REFUSED = "You do not have permission to do this"


def answer_to(error: Exception) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Status, body as on the wire without the request's id, and the headers."""
    with context.bind(trace_id="trace-0001"):
        answer = handle(error, {})
    body = json.loads(CamelCaseJSONRenderer().render(answer.data))
    assert body.pop("requestId") == "trace-0001"
    return answer.status_code, body, dict(answer.items())


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (errors.NotAuthenticated(), 401, {"error": "Not authenticated"}),
        (accounts_errors.InvalidApiKey(), 401, {"error": "Invalid API key"}),
        (accounts_errors.InvalidCredentials(), 401, {"error": "Invalid credentials"}),
        (errors.NotAllowed(), 403, {"error": REFUSED}),
        (errors.NotFound(), 404, {"error": "Not found"}),
        (errors.NotFound("Unknown recipient"), 404, {"error": "Unknown recipient"}),
        (errors.Conflict(), 409, {"error": "This conflicts with the current state"}),
        (errors.Conflict("Twice", code="used_twice"), 409, {"error": "Twice", "code": "used_twice"}),
        (accounts_errors.EmailTaken(), 409, {"error": "User already exists with this email"}),
        (
            errors.Invalid(errors.FieldError("mediaIds.0", "No."), errors.FieldError("price", "Too low.")),
            400,
            {
                "error": "Validation failed",
                "details": [
                    {"field": "mediaIds.0", "message": "No."},
                    {"field": "price", "message": "Too low."},
                ],
            },
        ),
        (
            errors.Unavailable(retry_after=3),
            503,
            {"error": "Service temporarily unavailable", "retryAfter": 3},
        ),
        (errors.DomainError(), 400, {"error": "The request was refused", "code": "refused"}),
        (Http404(), 404, {"error": "Not found"}),
        (exceptions.NotFound("where it is"), 404, {"error": "Not found"}),
        (PermissionDenied("why"), 403, {"error": REFUSED}),
        (exceptions.PermissionDenied("why"), 403, {"error": REFUSED}),
        (exceptions.NotAuthenticated("why"), 401, {"error": "Not authenticated"}),
        (exceptions.AuthenticationFailed("why"), 401, {"error": "Not authenticated"}),
        (exceptions.ParseError("line 7"), 400, {"error": "Invalid request body"}),
        (exceptions.MethodNotAllowed("PUT"), 405, {"error": 'Method "PUT" not allowed.'}),
        (
            exceptions.UnsupportedMediaType("text/xml"),
            415,
            {"error": 'Unsupported media type "text/xml" in request.'},
        ),
        (
            exceptions.ValidationError({"scheduled_at": ["Bad."]}),
            400,
            {"error": "Validation failed", "details": [{"field": "scheduledAt", "message": "Bad."}]},
        ),
    ],
)
def test_each_kind_has_its_status_and_body(error: Exception, status: int, body: dict[str, Any]) -> None:
    assert answer_to(error)[:2] == (status, body)


def test_a_refused_limit_says_when_to_come_back() -> None:
    error = errors.RateLimited(limit=60, remaining=0, reset_time=RESET, retry_after=12)
    status, body, headers = answer_to(error)
    assert (status, headers["Retry-After"]) == (429, "12")
    assert body == {
        "error": "Rate limit exceeded",
        "limit": 60,
        "remaining": 0,
        "resetTime": "2026-11-21T12:00:12.000Z",
        "retryAfter": 12,
    }


@pytest.mark.parametrize(
    "error", [errors.NotAuthenticated(), accounts_errors.InvalidApiKey(), exceptions.NotAuthenticated()]
)
def test_a_401_names_its_scheme(error: Exception) -> None:
    assert answer_to(error)[2]["WWW-Authenticate"] == "Bearer"


def test_what_we_did_not_expect_says_nothing_of_itself() -> None:
    status, body, _ = answer_to(RuntimeError("postgres://user:password@host"))
    assert (status, body) == (500, {"error": "Internal server error"})


class Line(serializers.Serializer[Any]):
    unit_price = serializers.IntegerField()


class Order(serializers.Serializer[Any]):
    lines = Line(many=True)
    tags = serializers.ListField(child=serializers.IntegerField())

    def validate(self, attrs: Any) -> Any:
        raise serializers.ValidationError("As a whole.")


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (
            {"lines": [{"unit_price": 1}, {"unit_price": "x"}], "tags": [1]},
            [{"field": "lines.1.unitPrice", "message": "A valid integer is required."}],
        ),
        (
            {"lines": [{}, {"unit_price": 2}, {}], "tags": [1, "x"]},
            [
                {"field": "lines.0.unitPrice", "message": "This field is required."},
                {"field": "lines.2.unitPrice", "message": "This field is required."},
                {"field": "tags.1", "message": "A valid integer is required."},
            ],
        ),
        ({"lines": [], "tags": []}, [{"field": "", "message": "As a whole."}]),
        (
            {"lines": "x", "tags": []},
            [{"field": "lines", "message": 'Expected a list of items but got type "str".'}],
        ),
    ],
)
def test_nested_faults_are_a_flat_list_of_paths(data: Any, found: list[dict[str, str]]) -> None:
    form = Order(data=data)
    assert not form.is_valid()
    assert details(form.errors) == found


def test_rows_without_faults_are_left_out() -> None:
    """As a view raises them by hand: one entry for each row, empty where nothing is wrong."""
    faults = exceptions.ValidationError([{}, {"unit_price": ["Too low."]}]).detail
    assert details(faults) == [{"field": "1.unitPrice", "message": "Too low."}]
    assert details({"lines": faults}) == [{"field": "lines.1.unitPrice", "message": "Too low."}]
