"""What is known of a workspace's subscription."""

from datetime import timedelta

from django.conf import settings

from billing.models import SubscriptionRecord
from billing.types import Subscription
from huntaze.kernel.lookup import one


def record_of(workspace_id: int) -> SubscriptionRecord | None:
    """The row of the workspace in scope; None before its first checkout."""
    rows = SubscriptionRecord.objects.select_related("plan", "pending_plan")
    return one(rows.filter(workspace_id=workspace_id))


def subscription_of(workspace_id: int) -> Subscription | None:
    """The workspace's subscription as last seen at the processor; null when it never had one.

    A grace that staff made longer is told as a later first failure.
    """
    row = one(SubscriptionRecord.objects.select_related("plan").filter(workspace_id=workspace_id))
    if row is None or row.plan is None or row.current_period_start is None or row.current_period_end is None:
        return None
    since = row.past_due_since
    if since is not None and row.grace_hours:
        since += timedelta(hours=row.grace_hours - settings.BILLING_GRACE_HOURS)
    return Subscription(
        plan=row.plan.key,
        status=row.access_status,
        period_start=row.current_period_start,
        period_end=row.current_period_end,
        past_due_since=since,
    )


def overdue() -> list[int]:
    """Workspaces whose subscription is not paid."""
    unpaid = ["past_due", "unpaid", "paused"]
    rows = SubscriptionRecord.objects.filter(access_status__in=unpaid).order_by("workspace_id")
    return list(rows.values_list("workspace_id", flat=True))
