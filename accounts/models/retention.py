"""When things were forgotten last, and what a workspace chose to keep for a shorter time."""

from django.db import models
from django.db.models import Q

from huntaze.kernel.tenancy import WorkspaceModel


class RetentionRun(models.Model):
    """How one rule ran last. `started_at` is claimed by compare-and-set, so that one worker runs a rule at a time;
    `is_over` is false when the time of the run was up before the rows were."""

    name = models.CharField(max_length=40, unique=True)
    first_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    count = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)
    is_over = models.BooleanField(default=True)

    class Meta:
        verbose_name = "retention rule"

    def __str__(self) -> str:
        return self.name


class RetentionChoice(WorkspaceModel):
    """A workspace's own period for one class of its things, in days, within the bounds of accounts.rules.retention."""

    name = models.CharField(max_length=40)
    days = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="retention_choice_once"),
            models.CheckConstraint(condition=Q(days__gte=1), name="retention_choice_days"),
        ]
