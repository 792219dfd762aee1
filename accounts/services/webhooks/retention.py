"""What of outgoing webhooks is given up or forgotten, and when."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import WebhookDelivery, WebhookSubscription
from accounts.rules import webhooks as rules
from accounts.services.retention.registry import held, of_rows, period
from huntaze.kernel.outbox import State


def _waiting(now: datetime) -> QuerySet[Any]:
    late = WebhookDelivery.objects.filter(state=State.QUEUED, queued_at__lt=now - rules.WAITS_AT_MOST)
    return late.order_by("queued_at")


def _give_up(pks: list[int], now: datetime) -> None:
    WebhookDelivery.objects.filter(pk__in=pks).update(state=State.FAILED, last_error="too_late")


def _events(now: datetime) -> QuerySet[Any]:
    old = WebhookDelivery.objects.filter(queued_at__lt=now - period("webhook_events"))
    return old.exclude(workspace_id__in=held()).order_by("queued_at")


def _endpoints(now: datetime) -> QuerySet[Any]:
    """Removed ones of which no event is left."""
    has_rows = Exists(WebhookDelivery.objects.filter(subscription=OuterRef("pk")))
    old = WebhookSubscription.objects.filter(~has_rows, removed_at__lt=now - period("webhook_events"))
    return old.exclude(workspace_id__in=held()).order_by("pk")


WEBHOOKS = (
    of_rows("webhook_waits", _waiting, _give_up),
    of_rows("webhook_events", _events),
    of_rows("webhook_endpoints", _endpoints, every=timedelta(hours=23)),
)
