"""A workspace that is closing pays no further period."""

from datetime import datetime

import structlog

from accounts.services.audit import Actor
from accounts.types import WorkspaceStatus
from billing.errors import NoSubscription, StripeAway
from billing.models import SubscriptionRecord
from billing.rules.subscriptions import LIVING
from billing.services.stripe import changes
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from huntaze.platforms.errors import Permanent

log = structlog.get_logger(__name__)

MOST = 100


def end_closed(*, now: datetime) -> int:
    """Have the subscriptions of closing and erased workspaces end with their period; returns how many."""
    with cross_workspace("closed workspaces"):
        rows = SubscriptionRecord.objects.filter(
            workspace__status__in=[WorkspaceStatus.CLOSING, WorkspaceStatus.ERASED],
            status__in=LIVING,
            cancel_at_period_end=False,
        ).select_related("workspace")
        found = list(rows.order_by("pk")[:MOST])
        return sum(_end(row, now) for row in found)


def _end(row: SubscriptionRecord, now: datetime) -> bool:
    try:
        with workspace_scope(row.workspace_id):
            changes.cancel(workspace=row.workspace, actor=Actor.system(), now=now)
    except (StripeAway, NoSubscription, Permanent) as error:
        log.warning("billing.stripe.not_ended", code=error.code)
        return False
    return True
