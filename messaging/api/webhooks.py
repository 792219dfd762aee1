"""`/api/webhooks/onlyfans`: the raw body is verified before it is parsed, stored once, answered, applied later."""

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import Error as DatabaseError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from huntaze.kernel import clock, context, metrics
from huntaze.platforms.onlyfansapi import signature_is_valid
from messaging.services import inbound

MOST_BYTES = 1_048_576


@csrf_exempt
@require_POST
def onlyfans(request: HttpRequest) -> JsonResponse:
    if "HTTP_TRANSFER_ENCODING" in request.META:  # a body without a length reads as empty here
        return _refused("no_length", "Content-Length is required", 411)
    try:
        body = request.body
    except RequestDataTooBig:
        return _refused("too_large", "The body is larger than 1 MiB", 413)
    if len(body) > MOST_BYTES:
        return _refused("too_large", "The body is larger than 1 MiB", 413)
    if not signature_is_valid(body, request.headers.get("Signature"), settings.ONLYFANSAPI_WEBHOOK_SECRETS):
        return _refused("bad_signature", "Invalid signature", 401)
    try:
        is_new = inbound.store(
            body=body, event_key=request.headers.get("X-OFAPI-Idempotency-Key"), now=clock.now()
        )
    except ValueError:
        return _refused("unreadable", "Invalid request body", 400)
    except DatabaseError:
        return _refused("not_stored", "Service temporarily unavailable", 503)
    return JsonResponse({"received": True, "repeated": not is_new})


def _refused(outcome: str, sentence: str, status: int) -> JsonResponse:
    metrics.WEBHOOKS.labels(inbound.VENDOR, outcome).inc()
    return JsonResponse({"error": sentence, "requestId": context.trace_id()}, status=status)
