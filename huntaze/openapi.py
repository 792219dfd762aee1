"""Endpoints that are plain views, for the API document: health, metrics and webhooks."""

from typing import Any

JSON = {"type": "object", "additionalProperties": True}


def plain_views(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Postprocessing hook: adds the paths that no serializer describes."""
    result["paths"] |= {
        "/api/health/live": _get("Is the process alive?", "Operations", _json("alive")),
        "/api/health/ready": _get(
            "May it get requests?", "Operations", _json("ready", {"503": "Not ready, or draining"})
        ),
        "/api/health": _get(
            "Services, indicators, circuit breakers; details only with the operator's token",
            "Operations",
            _json("healthy or degraded", {"503": "Unhealthy"}),
        ),
        "/api/metrics": _get(
            "Prometheus text; open to the allowed networks or the operator's token",
            "Operations",
            {"200": {"description": "Metrics", "content": {"text/plain": {"schema": {"type": "string"}}}}},
        ),
        "/api/webhooks/onlyfans": {"post": _onlyfans_webhook()},
        "/api/webhooks/stripe": {"post": _stripe_webhook("stripe_webhook")},
        "/api/billing/stripe/webhook": {"post": _stripe_webhook("billing_stripe_webhook")},
    }
    return result


def _json(what: str, more: dict[str, str] | None = None) -> dict[str, Any]:
    statuses = {"200": what, **(more or {})}
    return {
        status: {"description": text, "content": {"application/json": {"schema": JSON}}}
        for status, text in statuses.items()
    }


def _get(summary: str, tag: str, responses: dict[str, Any]) -> dict[str, Any]:
    operation_id = summary.split(";")[0].split(",")[0].rstrip("?").lower().replace(" ", "_")
    return {"get": {"operationId": operation_id, "summary": summary, "tags": [tag], "responses": responses}}


def _onlyfans_webhook() -> dict[str, Any]:
    header = {
        "name": "Signature",
        "in": "header",
        "required": True,
        "schema": {"type": "string"},
        "description": "HMAC-SHA256 of the raw body in hex, under the signing secret of the registration.",
    }
    return {
        "operationId": "onlyfans_webhook",
        "summary": "Events from OnlyFansAPI; stored once, applied by a worker",
        "tags": ["Webhooks"],
        "parameters": [header],
        "requestBody": {"required": True, "content": {"application/json": {"schema": JSON}}},
        "responses": {
            "200": {
                "description": "Stored, or known already",
                "content": {"application/json": {"schema": JSON}},
            },
            "400": {"description": "Not an event"},
            "401": {"description": "Invalid signature"},
            "413": {"description": "Larger than 1 MiB"},
            "503": {"description": "Not stored: send it again"},
        },
    }


def _stripe_webhook(operation_id: str) -> dict[str, Any]:
    header = {
        "name": "Stripe-Signature",
        "in": "header",
        "required": True,
        "schema": {"type": "string"},
        "description": "`t=…,v1=…`: HMAC-SHA256 of `t.body` under the endpoint's signing secret, five minutes long.",
    }
    return {
        "operationId": operation_id,
        "summary": "Events from Stripe; stored once, worked on one customer at a time",
        "tags": ["Webhooks"],
        "parameters": [header],
        "requestBody": {"required": True, "content": {"application/json": {"schema": JSON}}},
        "responses": {
            "200": {
                "description": "Stored, or known already",
                "content": {"application/json": {"schema": JSON}},
            },
            "400": {"description": "Invalid signature, not an event, or of the other mode"},
            "413": {"description": "Larger than 256 KiB"},
            "503": {"description": "Not stored: send it again"},
        },
    }
