"""Staff's runs over many dead letters at once."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from huntaze.kernel.ids import PublicIdModel
from huntaze.kernel.outbox import QueueRow, State


class DeadLetterRun(PublicIdModel, QueueRow):
    """One deed for every dead letter that a filter finds: the row is its own queue.

    Nulls and an empty cause narrow nothing. It walks down from `newest_pk`, the newest dead letter when it was asked
    for; `position` is the last one it has looked at. Rows that were no dead letters any more, or that a workspace has
    no credit for, are counted as refused.
    """

    PREFIX = "dlr"
    DEEDS = [("retry", "Retry"), ("discard", "Discard")]
    STATES = [*State.choices, ("cancelled", "Cancelled")]
    deed = models.CharField(max_length=7, choices=DEEDS)
    cause = models.CharField(max_length=200, blank=True, default="")
    workspace_pk = models.BigIntegerField(null=True, blank=True)
    account_pk = models.BigIntegerField(null=True, blank=True)
    reason = models.CharField(max_length=200)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    newest_pk = models.BigIntegerField()
    position = models.BigIntegerField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=STATES, default=State.QUEUED)
    total_count = models.PositiveIntegerField()
    done_count = models.PositiveIntegerField(default=0)
    refused_count = models.PositiveIntegerField(default=0)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index("available_at", "id", condition=Q(state="queued"), name="dead_run_due"),
            models.Index("leased_until", condition=Q(state="working"), name="dead_run_leased"),
            models.Index(F("ended_at"), condition=Q(ended_at__isnull=False), name="dead_run_ended"),
        ]

    @property
    def is_over(self) -> bool:
        return self.ended_at is not None

    @property
    def seen_count(self) -> int:
        return self.done_count + self.refused_count
