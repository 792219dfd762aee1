"""Plans as rows: what they are called, what they cost, what they allow. Edited by staff, read by entitlements."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from billing.types import Feature, Interval, Period
from huntaze.kernel.tenancy import WorkspaceModel

FEATURES = [(feature.value, feature.value) for feature in Feature]


class Plan(models.Model):
    """Something to subscribe to. `rank` orders plans: a move to a higher one is an upgrade."""

    key = models.SlugField(max_length=20, unique=True)
    name_fr = models.CharField(max_length=40)
    name_en = models.CharField(max_length=40)
    rank = models.PositiveSmallIntegerField(unique=True)
    is_public = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.name_en


class PlanPrice(models.Model):
    """What a plan costs for an interval, in minor units; found again at the processor by `stripe_lookup_key`."""

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="prices")
    interval = models.CharField(max_length=5, choices=[(i.value, i.value) for i in Interval])
    currency = models.CharField(max_length=3, default="USD")
    amount_minor = models.PositiveIntegerField()
    stripe_lookup_key = models.CharField(max_length=80, unique=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "interval", "currency"],
                condition=Q(is_active=True),
                name="plan_price_one_active",
            )
        ]

    def __str__(self) -> str:
        return self.stripe_lookup_key


class PlanLimit(models.Model):
    """How much of a feature a plan allows, in the feature's own unit; null is unlimited, a flag is 0 or 1."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="limits")
    feature = models.CharField(max_length=30, choices=FEATURES)
    value = models.BigIntegerField(null=True, blank=True)
    period = models.CharField(max_length=6, choices=[(p.value, p.value) for p in Period], default=Period.NONE)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "feature"], name="plan_limit_once"),
            models.CheckConstraint(condition=Q(value=None) | Q(value__gte=0), name="plan_limit_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id}:{self.feature}"


class PlanLimitChange(models.Model):
    """Staff let a plan allow another amount: what it was, what it is since, who and why. Rows are only ever added; a
    plan belongs to no workspace, so this does not stand in any workspace's audit log."""

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="+")
    feature = models.CharField(max_length=30)
    was = models.BigIntegerField(null=True)
    value = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=200)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.plan_id}:{self.feature}"


class LimitOverride(WorkspaceModel):
    """Another value than the plan's for one workspace, until a moment or for good (null); `reason` is for staff."""

    feature = models.CharField(max_length=30, choices=FEATURES)
    value = models.BigIntegerField(null=True, blank=True)
    until = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "feature"], name="limit_override_once"),
            models.CheckConstraint(
                condition=Q(value=None) | Q(value__gte=0), name="limit_override_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workspace_id}:{self.feature}"
