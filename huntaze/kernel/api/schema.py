"""The OpenAPI document: camelCase like the wire, and the errors that every endpoint may give."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from huntaze.kernel.api.idempotency import HEADER
from huntaze.kernel.api.wire import camel

KEY_PARAMETER = OpenApiParameter(
    HEADER, str, OpenApiParameter.HEADER, description="Same key and body: same answer, 24 h."
)


class DescribedSchema(AutoSchema):
    """Descriptions are written for callers, at the action; a docstring speaks to those who read the code."""

    def get_description(self) -> str:  # type: ignore[override]
        return ""

    def _is_list_view(self, serializer: Any = None) -> bool:
        """An answer is never a bare array: rows stand under their plural, whatever the action is called."""
        return serializer is None and super()._is_list_view()


ERROR = {
    "type": "object",
    "required": ["error", "requestId"],
    "properties": {
        "error": {"type": "string"},
        "requestId": {"type": "string"},
        "code": {"type": "string"},
        "reason": {"type": "string"},
        "details": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
        "limit": {"type": "integer"},
        "remaining": {"type": "integer"},
        "resetTime": {"type": "string", "format": "date-time"},
        "retryAfter": {"type": "integer"},
    },
}
EXAMPLES = {
    "400": (
        "Bad input",
        {
            "error": "Validation failed",
            "details": [{"field": "content", "message": "This field may not be blank."}],
            "requestId": "7d3f0a52c1d94e0f9a6b",
        },
    ),
    "401": (
        "No credentials, or bad ones",
        {"error": "Not authenticated", "requestId": "7d3f0a52c1d94e0f9a6b"},
    ),
    "403": (
        "Right person, wrong role or scope",
        {"error": "You do not have permission to do this", "requestId": "7d3f0a52c1d94e0f9a6b"},
    ),
    "404": ("Unknown, or somebody else's", {"error": "Not found", "requestId": "7d3f0a52c1d94e0f9a6b"}),
    "409": ("Conflict", {"error": "This message is not failed", "requestId": "7d3f0a52c1d94e0f9a6b"}),
    "415": (
        "The body is not JSON",
        {"error": 'Unsupported media type "text/plain" in request.', "requestId": "7d3f0a52c1d94e0f9a6b"},
    ),
    "429": (
        "Too many requests",
        {
            "error": "Rate limit exceeded",
            "limit": 60,
            "remaining": 0,
            "resetTime": "2026-11-21T12:00:12.000Z",
            "retryAfter": 12,
            "requestId": "7d3f0a52c1d94e0f9a6b",
        },
    ),
    "503": (
        "Something that this needs is away: nothing was changed",
        {
            "error": "Service temporarily unavailable",
            "retryAfter": 30,
            "requestId": "7d3f0a52c1d94e0f9a6b",
        },
    ),
}


def camelize(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Property names as on the wire."""
    for schema in result.get("components", {}).get("schemas", {}).values():
        _camelize_schema(schema)
    return result


def _camelize_schema(schema: dict[str, Any]) -> None:
    if "properties" in schema:
        schema["properties"] = {camel(name): value for name, value in schema["properties"].items()}
        if "required" in schema:
            schema["required"] = [camel(name) for name in schema["required"]]
    children = [*schema.get("properties", {}).values(), schema.get("items")]
    for child in children:
        if isinstance(child, dict):
            _camelize_schema(child)


def common_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Error answers, so that no view repeats them: what any endpoint with credentials, or any public door, may say."""
    result.setdefault("components", {}).setdefault("schemas", {})["Error"] = ERROR
    for path, operations in result.get("paths", {}).items():
        for method, operation in operations.items():
            if operation.get("security"):
                wanted = ["400", "401", "403", "404", "429", "503"] + (["409"] if method == "post" else [])
            else:
                wanted = ["400", "401", "403", "429"] if method == "post" else []
                wanted += ["404"] if "{" in path else []
            is_raw = operation["tags"] == ["Webhooks"] and not operation.get(
                "security"
            )  # signed, read as it is
            wanted += ["415"] if method in {"post", "put", "patch"} and not is_raw else []
            for status in wanted:
                operation["responses"].setdefault(status, _error(status))
    return result


def _error(status: str) -> dict[str, Any]:
    description, example = EXAMPLES[status]
    content = {"schema": {"$ref": "#/components/schemas/Error"}, "examples": {"error": {"value": example}}}
    return {"description": description, "content": {"application/json": content}}
