"""Requests of people about their data: exports and erasures, the pieces of an export, and holds that stop erasures."""

from django.db import models
from django.db.models import F, Q

from accounts.types import PrivacyScope
from huntaze.kernel.fields import EncryptedTextField
from huntaze.kernel.ids import PublicIdModel
from huntaze.kernel.outbox import QueueRow, State
from huntaze.kernel.tenancy import WorkspaceModel


class PrivacyRequest(PublicIdModel, WorkspaceModel, QueueRow):
    """An export or an erasure; the row is its own queue, and `available_at` ends its grace.

    `target_id` is a public id, `before` what an undo puts back, `position` where the work stands, `receipt` what came
    of it: no personal data in any of them.
    """

    PREFIX = "prv"
    KINDS = [("export", "Export"), ("erase", "Erase")]
    SCOPES = [(scope.value, scope.value) for scope in PrivacyScope]
    STATES = [*State.choices, ("cancelled", "Cancelled")]
    kind = models.CharField(max_length=6, choices=KINDS)
    scope = models.CharField(max_length=9, choices=SCOPES)
    target_pk = models.BigIntegerField()
    target_id = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=STATES, default=State.QUEUED)
    asked_by = models.ForeignKey("accounts.Membership", models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    answer_by = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True, default="")
    before = models.JSONField(default=dict, blank=True)
    position = models.JSONField(default=dict, blank=True)
    done_count = models.PositiveBigIntegerField(default=0)
    total_count = models.PositiveBigIntegerField(default=0)
    receipt = models.JSONField(default=dict, blank=True)
    trace_id = models.CharField(max_length=64, blank=True, default="")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "scope", "target_pk"],
                condition=Q(state__in=["queued", "working"]),
                name="privacy_request_open_once",
            )
        ]
        indexes = [
            models.Index("available_at", "id", condition=Q(state="queued"), name="privacy_due"),
            models.Index("leased_until", condition=Q(state="working"), name="privacy_leased"),
            models.Index("workspace", F("id").desc(), name="privacy_by_workspace"),
            models.Index("ended_at", condition=Q(ended_at__isnull=False), name="privacy_ended"),
        ]


class ExportChunk(PublicIdModel, WorkspaceModel):
    """Some rows of one file of an export: JSON, packed and sealed."""

    PREFIX = "xpc"
    request = models.ForeignKey(PrivacyRequest, models.CASCADE, related_name="chunks")
    dataset = models.CharField(max_length=40)
    seq = models.PositiveIntegerField()
    body = EncryptedTextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "dataset", "seq"], name="export_chunk_once")
        ]


class LegalHold(WorkspaceModel):
    """While it stands, nothing of the workspace is erased or forgotten: a court or an authority asked for it.

    `ends_at` is when it is released by itself. The reason is for staff only: it may be a secret. `tidied_at` is when
    what it kept, and should have gone meanwhile, had gone.
    """

    reason = models.CharField(max_length=200)
    placed_by = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    placed_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, blank=True, related_name="+")
    tidied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace"], condition=Q(released_at=None), name="legal_hold_standing_once"
            )
        ]
        indexes = [
            models.Index(fields=["released_at"], condition=Q(tidied_at=None), name="legal_hold_to_tidy"),
        ]

    def __str__(self) -> str:
        return f"hold {self.pk}"
