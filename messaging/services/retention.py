"""What messaging forgets, and when."""

from datetime import datetime, timedelta

import structlog

from huntaze.kernel import metrics
from messaging.models import InboundEvent

log = structlog.get_logger(__name__)

#: Bodies of webhooks hold names and texts of fans.
EVENTS_KEPT = timedelta(days=30)
BATCH = 500


def forget_events(*, now: datetime) -> dict[str, int]:
    """Delete webhooks older than 30 days, whatever became of them; returns how many of each state."""
    forgotten: dict[str, int] = {}
    old = InboundEvent.objects.filter(received_at__lt=now - EVENTS_KEPT).order_by("received_at")
    while rows := list(old.values_list("pk", "state")[:BATCH]):
        InboundEvent.objects.filter(pk__in=[pk for pk, _ in rows]).delete()
        for _, state in rows:
            forgotten[state] = forgotten.get(state, 0) + 1
    for state, count in forgotten.items():
        metrics.WEBHOOKS_FORGOTTEN.labels(state).inc(count)
    if forgotten:
        log.info("messaging.webhooks.forgotten", **forgotten)
    return forgotten
