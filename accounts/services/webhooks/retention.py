"""What of outgoing webhooks is given up or forgotten, and when."""

from datetime import datetime

from django.db.models import Exists, OuterRef

from accounts.models import WebhookDelivery, WebhookSubscription
from accounts.rules import webhooks as rules
from huntaze.kernel.outbox import State
from huntaze.kernel.tenancy import cross_workspace

BATCH = 2000


def forget_webhooks(*, now: datetime) -> int:
    """Give up what has waited for three days; delete rows of thirty days, and removed endpoints without rows. Returns
    how many rows were deleted."""
    forgotten = 0
    with cross_workspace("webhooks"):
        waiting = WebhookDelivery.objects.filter(
            state=State.QUEUED, queued_at__lt=now - rules.WAITS_AT_MOST
        ).order_by("queued_at")
        while pks := list(waiting.values_list("pk", flat=True)[:BATCH]):
            rows = WebhookDelivery.objects.filter(pk__in=pks, state=State.QUEUED)
            rows.update(state=State.FAILED, last_error="too_late")
        old = WebhookDelivery.objects.filter(queued_at__lt=now - rules.KEPT).order_by("queued_at")
        while pks := list(old.values_list("pk", flat=True)[:BATCH]):
            WebhookDelivery.objects.filter(pk__in=pks).delete()
            forgotten += len(pks)
        has_rows = Exists(WebhookDelivery.objects.filter(subscription=OuterRef("pk")))
        WebhookSubscription.objects.filter(~has_rows, removed_at__lt=now - rules.KEPT).delete()
    return forgotten
