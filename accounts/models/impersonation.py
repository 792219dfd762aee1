"""Visits of staff: who looked at which workspace, through whose eyes, why and until when."""

from datetime import timedelta

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length
from django.db.models.lookups import GreaterThanOrEqual

from accounts.rules.visits import LONGEST_REASON, SHORTEST_REASON
from huntaze.kernel.ids import PublicIdModel
from huntaze.kernel.tenancy import WorkspaceModel


class ImpersonationGrant(PublicIdModel, WorkspaceModel):
    """`session_digest` is the row key of the browser session that visits; no other session can use the grant, and it
    is cleared once that session has been told that the visit is over."""

    PREFIX = "imp"
    staff = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    membership = models.ForeignKey("accounts.Membership", models.PROTECT, related_name="+")
    reason = models.CharField(max_length=LONGEST_REASON)
    started_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    asks_to_write = models.BooleanField(default=False)
    confirmed_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=20, blank=True, default="")
    session_digest = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["staff"], condition=Q(ended_at=None), name="impersonation_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("started_at"))
                & Q(expires_at__lte=F("started_at") + timedelta(hours=1)),
                name="impersonation_at_most_an_hour",
            ),
            models.CheckConstraint(
                condition=GreaterThanOrEqual(Length("reason"), SHORTEST_REASON),
                name="impersonation_has_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by=None, confirmed_at=None)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False, asks_to_write=True),
                name="impersonation_confirmed_when_asked",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by=None) | ~Q(confirmed_by=F("staff")),
                name="impersonation_never_confirmed_by_oneself",
            ),
        ]
        indexes = [
            models.Index(
                fields=["session_digest"], condition=~Q(session_digest=""), name="impersonation_of_session"
            ),
            models.Index(fields=["workspace", "-started_at"], name="impersonation_of_workspace"),
            models.Index(fields=["expires_at"], condition=Q(ended_at=None), name="impersonation_unended"),
        ]
