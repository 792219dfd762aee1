"""Stripe's webhook, at two addresses: the raw body is verified before it is parsed, stored once, answered."""

import json

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import Error as DatabaseError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing.gateways.stripe import signature_is_valid
from billing.gateways.stripe_shapes import event as event_of
from billing.services.stripe import inbox
from huntaze.kernel import clock, context, metrics

log = structlog.get_logger(__name__)

MOST_BYTES = 256 * 1024


@csrf_exempt
@require_POST
def stripe(request: HttpRequest) -> JsonResponse:
    body = _body(request)
    if body is None:
        return _refused("too_large", "The body is larger than 256 KiB", 413)
    header = request.headers.get("Stripe-Signature", "")
    if not header:
        return _refused("no_signature", "Invalid signature", 400)
    if not signature_is_valid(body, header, settings.STRIPE_WEBHOOK_SECRETS):
        return _refused("bad_signature", "Invalid signature", 400)
    try:
        parsed = json.loads(body)
        event = event_of(parsed if isinstance(parsed, dict) else {})
    except (ValueError, RecursionError, KeyError, TypeError, OverflowError):
        return _refused("unreadable", "Invalid request body", 400)
    if event.livemode is not settings.STRIPE_LIVE_MODE:
        metrics.STRIPE_ALERTS.labels("livemode").inc()
        log.error("billing.stripe.other_mode", is_live=event.livemode)
        return _refused("other_mode", "This is an event of the other mode", 400)
    try:
        inbox.store(event, source="webhook", now=clock.now())
    except DatabaseError:
        return _refused("not_stored", "Service temporarily unavailable", 503)
    return JsonResponse({"received": True})


def _body(request: HttpRequest) -> bytes | None:
    """The raw body; None when it is too large, told by its length before it is read."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > MOST_BYTES:
        return None
    try:
        body = request.body
    except RequestDataTooBig:
        return None
    return body if len(body) <= MOST_BYTES else None


def _refused(outcome: str, sentence: str, status: int) -> JsonResponse:
    """Nothing is stored of what is refused."""
    metrics.WEBHOOKS.labels(inbox.VENDOR, outcome).inc()
    metrics.WEBHOOKS_REJECTED.labels(inbox.VENDOR).inc()
    return JsonResponse({"error": sentence, "requestId": context.trace_id()}, status=status)
