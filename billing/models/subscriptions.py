"""What a workspace has subscribed to, as we last saw it at the processor. All decisions are made on this row.

See docs/adr/0009-stripe-events.md.
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from billing.types import Interval
from huntaze.kernel.tenancy import WorkspaceModel

INTERVALS = [(interval.value, interval.value) for interval in Interval]


class SubscriptionRecord(WorkspaceModel):
    """One row a workspace that has been to the checkout; without one a workspace is on Free.

    `status` is the processor's own word. `access_status` is the last word that we know: access follows it.
    `past_due_since` is the first failure of a row of failures. `grace_hours` is longer when staff said so.
    """

    workspace = models.OneToOneField(settings.WORKSPACE_MODEL, models.PROTECT, related_name="+")
    stripe_customer_id = models.CharField(max_length=100, null=True, blank=True, unique=True)
    stripe_subscription_id = models.CharField(max_length=100, blank=True, default="")
    plan = models.ForeignKey("billing.Plan", models.PROTECT, null=True, blank=True, related_name="+")
    status = models.CharField(max_length=30, blank=True, default="")
    access_status = models.CharField(max_length=30, blank=True, default="")
    interval = models.CharField(max_length=5, choices=INTERVALS, blank=True, default="")
    currency = models.CharField(max_length=3, blank=True, default="")
    amount_minor = models.BigIntegerField(default=0)
    quantity = models.PositiveIntegerField(default=1)
    current_period_start = models.DateTimeField(null=True, blank=True)
    current_period_end = models.DateTimeField(null=True, blank=True)
    cancel_at_period_end = models.BooleanField(default=False)
    canceled_at = models.DateTimeField(null=True, blank=True)
    trial_end = models.DateTimeField(null=True, blank=True)
    past_due_since = models.DateTimeField(null=True, blank=True)
    grace_hours = models.PositiveSmallIntegerField(null=True, blank=True)
    pending_plan = models.ForeignKey("billing.Plan", models.PROTECT, null=True, blank=True, related_name="+")
    pending_interval = models.CharField(max_length=5, choices=INTERVALS, blank=True, default="")
    pending_at = models.DateTimeField(null=True, blank=True)
    card_brand = models.CharField(max_length=20, blank=True, default="")
    card_last4 = models.CharField(max_length=4, blank=True, default="")
    card_exp_month = models.PositiveSmallIntegerField(null=True, blank=True)
    card_exp_year = models.PositiveSmallIntegerField(null=True, blank=True)
    observed_at = models.DateTimeField(null=True, blank=True)
    source_event = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        indexes = [
            models.Index(
                "past_due_since", condition=Q(past_due_since__isnull=False), name="subscription_past_due"
            ),
            models.Index(
                "stripe_subscription_id",
                condition=~Q(stripe_subscription_id=""),
                name="subscription_by_stripe_id",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workspace_id}:{self.status}"


class SubscriptionHistory(WorkspaceModel):
    """One change of a SubscriptionRecord: what was, and what is since."""

    at = models.DateTimeField()
    source_event = models.CharField(max_length=100, blank=True, default="")
    changes = models.JSONField()

    class Meta:
        verbose_name_plural = "subscription history"
        indexes = [models.Index("workspace", F("id").desc(), name="subscription_history_of")]
