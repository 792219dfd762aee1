"""Who can be written to at once: lists kept by hand, and segments kept as conditions."""

from django.db import models

from huntaze.kernel.ids import PublicIdModel
from huntaze.kernel.tenancy import WorkspaceModel


class FanList(PublicIdModel, WorkspaceModel):
    """Fans of one account, put together by hand."""

    PREFIX = "lst"
    account = models.ForeignKey("accounts.PlatformAccount", models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "name"], name="fan_list_name_once")]


class FanListEntry(WorkspaceModel):
    """A fan on a list."""

    fan_list = models.ForeignKey(FanList, models.CASCADE, related_name="entries")
    fan = models.ForeignKey("messaging.Fan", models.CASCADE, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "fan list entries"
        constraints = [models.UniqueConstraint(fields=["fan_list", "fan"], name="fan_list_entry_once")]


class Segment(PublicIdModel, WorkspaceModel):
    """A tree of conditions, evaluated when it is asked; see messaging.rules.audience."""

    PREFIX = "seg"
    account = models.ForeignKey("accounts.PlatformAccount", models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    conditions = models.JSONField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "name"], name="segment_name_once")]
