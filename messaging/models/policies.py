"""Caps that staff set above the platform's own window, and the switch that stops everything."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class SendPolicy(models.Model):
    """At most `count` messages in any `window_seconds`, for every account or one, or for each fan of it.

    A minimum gap of n seconds is a count of 1 in n seconds. With `until_account_age_days` the cap holds only while
    the account has been connected for less than that: warm-up. The strictest of all that apply wins.
    """

    name = models.CharField(max_length=80)
    account = models.ForeignKey(
        "accounts.PlatformAccount", models.CASCADE, null=True, blank=True, related_name="+"
    )
    is_per_fan = models.BooleanField(default=False)
    window_seconds = models.PositiveIntegerField()
    count = models.PositiveIntegerField()
    until_account_age_days = models.PositiveIntegerField(null=True, blank=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        verbose_name_plural = "send policies"
        constraints = [
            models.CheckConstraint(
                condition=Q(window_seconds__gte=1, window_seconds__lte=31 * 86_400), name="send_policy_window"
            ),
            models.CheckConstraint(condition=Q(count__gte=1), name="send_policy_count"),
        ]

    def __str__(self) -> str:
        return self.name


class SendSwitch(models.Model):
    """The kill switch: the newest row says whether anything may be sent at all. Rows are added, never changed."""

    is_stopped = models.BooleanField()
    reason = models.CharField(max_length=200)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "send switch"
        indexes = [models.Index(F("id").desc(), name="send_switch_newest")]

    def __str__(self) -> str:
        return "stopped" if self.is_stopped else "sending"
