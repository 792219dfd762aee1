"""The audit log: who did what to which row, from where. Rows are added by services.audit and never changed."""

from django.db import models

from huntaze.kernel.ids import PublicIdModel
from huntaze.kernel.tenancy import WorkspaceModel


class AuditEvent(PublicIdModel, WorkspaceModel):
    """`target` is a public id; `changes` holds allow-listed fields only, never a secret or a text."""

    PREFIX = "aud"
    actor_user = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    actor_member = models.ForeignKey("accounts.Membership", models.PROTECT, null=True, related_name="+")
    actor_key = models.ForeignKey("accounts.ApiKey", models.PROTECT, null=True, related_name="+")
    actor_kind = models.CharField(max_length=10)
    action = models.CharField(max_length=60)
    target = models.CharField(max_length=40, blank=True, default="")
    changes = models.JSONField(default=dict, blank=True)
    reason = models.CharField(max_length=200, blank=True, default="")
    trace_id = models.CharField(max_length=64, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        indexes = [
            models.Index(fields=["workspace", "-at"], name="audit_by_workspace"),
            models.Index(fields=["target"], name="audit_by_target"),
            models.Index(fields=["trace_id"], name="audit_by_trace"),
        ]
