"""What stands beside the ledger: the lock under which a stock is counted, counters flushed from Redis, and holds."""

from django.db import models

from billing.models.plans import FEATURES
from huntaze.kernel.tenancy import WorkspaceModel


class StockCount(WorkspaceModel):
    """The lock of a workspace and a stock: who makes one more counts what there is while holding it."""

    feature = models.CharField(max_length=30, choices=FEATURES)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "feature"], name="stock_count_once")]


class UsageCount(WorkspaceModel):
    """How often a counted feature was used in the period that began at `period_start`; Redis may be a minute ahead."""

    feature = models.CharField(max_length=30, choices=FEATURES)
    period_start = models.DateTimeField()
    used = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "feature", "period_start"], name="usage_count_once")
        ]


class WorkspaceHold(WorkspaceModel):
    """A workspace from which nothing leaves: its subscription is unpaid for too long. What is queued stays queued."""

    since = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace"], name="workspace_hold_once")]
