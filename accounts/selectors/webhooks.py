"""Endpoints and what was sent to them."""

from django.db.models import QuerySet

from accounts.models import WebhookDelivery, WebhookSubscription
from huntaze.kernel.errors import NotFound
from huntaze.kernel.ids import decode
from huntaze.kernel.lookup import one


def endpoints() -> QuerySet[WebhookSubscription]:
    """Those of the workspace in scope, newest first; removed ones are not shown."""
    return WebhookSubscription.objects.filter(removed_at=None).order_by("-pk")


def endpoint_of(public_id: str) -> WebhookSubscription:
    """Raises NotFound."""
    uid = decode(WebhookSubscription.PREFIX, public_id)
    row = one(endpoints().filter(uid=uid)) if uid else None
    if row is None:
        raise NotFound
    return row


def deliveries_of(endpoint: WebhookSubscription) -> QuerySet[WebhookDelivery]:
    """The log of one endpoint, newest first."""
    return WebhookDelivery.objects.filter(subscription=endpoint).order_by("-pk")


def deliveries_page(endpoint: WebhookSubscription, *, after: str, limit: int) -> list[WebhookDelivery]:
    """Some of the log, newest first, from behind the row with this public id on; an id of elsewhere begins it."""
    rows, uid = deliveries_of(endpoint), decode(WebhookDelivery.PREFIX, after)
    last = rows.filter(uid=uid).values_list("pk", flat=True).first() if uid else None
    return list((rows.filter(pk__lt=last) if last else rows)[:limit])


def delivery_of(endpoint: WebhookSubscription, public_id: str) -> WebhookDelivery:
    """Raises NotFound."""
    uid = decode(WebhookDelivery.PREFIX, public_id)
    row = one(deliveries_of(endpoint).filter(uid=uid)) if uid else None
    if row is None:
        raise NotFound
    return row
