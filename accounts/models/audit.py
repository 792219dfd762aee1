"""The audit log: who did what to which row, from where. Rows are added by services.audit and never changed.

Each row is signed as it is written; services.audit_chain chains signed rows into blocks. See
docs/adr/0006-audit-chain.md.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from huntaze.kernel.ids import PublicIdModel
from huntaze.kernel.tenancy import WorkspaceModel


class AuditEvent(PublicIdModel, WorkspaceModel):
    """`target` is a public id; `changes` holds allow-listed fields only, never a secret or a text.

    `mac` signs the row. Address and browser are signed by a digest of their own, so that they can be cleared when
    their time is over.
    """

    PREFIX = "aud"
    actor_user = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    actor_member = models.ForeignKey(
        "accounts.Membership", models.PROTECT, null=True, db_index=False, related_name="+"
    )
    actor_key = models.ForeignKey(
        "accounts.ApiKey", models.PROTECT, null=True, db_index=False, related_name="+"
    )
    actor_kind = models.CharField(max_length=10)
    action = models.CharField(max_length=60)
    target = models.CharField(max_length=40, blank=True, default="")
    changes = models.JSONField(default=dict, blank=True)
    reason = models.CharField(max_length=200, blank=True, default="")
    trace_id = models.CharField(max_length=64, blank=True, default="")
    ip = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=200, blank=True, default="", db_default="")
    origin_digest = models.BinaryField(max_length=32, null=True, blank=True)
    mac = models.BinaryField(max_length=32, db_default=b"")
    at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        indexes = [
            models.Index(fields=["workspace", "-at"], name="audit_by_workspace"),
            models.Index(fields=["workspace", "action", "-at"], name="audit_by_action"),
            models.Index(fields=["actor_member", "-at"], name="audit_by_member"),
            models.Index(
                "actor_key", F("at").desc(), condition=Q(actor_key__isnull=False), name="audit_by_key"
            ),
            models.Index(fields=["target"], name="audit_by_target"),
            models.Index(fields=["trace_id"], name="audit_by_trace"),
            models.Index(fields=["-at", "-id"], name="audit_by_time"),
            models.Index(fields=["action", "-at", "-id"], name="audit_by_any_action"),
        ]


class AuditBlock(WorkspaceModel):
    """A link of a workspace's chain: which rows, their signatures in the same order, and the hash over both and the
    block before. Never changed."""

    seq = models.PositiveIntegerField()
    event_ids = ArrayField(models.BigIntegerField())
    macs = models.BinaryField()
    previous_hash = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "seq"], name="audit_block_once")]


class AuditHead(WorkspaceModel):
    """The end of a workspace's chain, signed. Rows of blocks up to `forgotten_seq` are gone by retention."""

    seq = models.PositiveIntegerField(default=0)
    hash = models.BinaryField(max_length=32)
    forgotten_seq = models.PositiveIntegerField(default=0)
    mac = models.BinaryField(max_length=32)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace"], name="audit_head_once")]


class AuditProof(WorkspaceModel):
    """What came of proving a workspace's log the last time; `findings` are the first twenty in words."""

    checked_at = models.DateTimeField()
    row_count = models.PositiveBigIntegerField(default=0)
    block_count = models.PositiveBigIntegerField(default=0)
    finding_count = models.PositiveIntegerField(default=0)
    findings = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace"], name="audit_proof_once")]
        indexes = [
            models.Index(fields=["checked_at"], name="audit_proof_by_age"),
            models.Index(fields=["workspace"], condition=Q(finding_count__gt=0), name="audit_proof_broken"),
        ]

    def __str__(self) -> str:
        return f"{self.workspace_id}: {self.finding_count}"


class AuditMark(models.Model):
    """How far the log is sealed; one row, with the id 1.

    Rows up to `next_id` may be sealed once every transaction in `writers` is over: until then a row with a smaller id
    may still be on its way.
    """

    sealed_id = models.BigIntegerField(default=0)
    next_id = models.BigIntegerField(default=0)
    writers = ArrayField(models.CharField(max_length=40), default=list)
    cleared_id = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.sealed_id)
