"""Ways in: API keys and refresh families, stored as hashes only; and answers kept for Idempotency-Key."""

from django.db import models
from django.db.models import Q

from huntaze.kernel.ids import PublicIdModel
from huntaze.kernel.tenancy import WorkspaceModel


class ApiKey(PublicIdModel, WorkspaceModel):
    """A key for programs. The secret is shown once; `digest` is its SHA-256, `prefix` its first 12 characters.

    A rotated key names its successor and goes on working until its overlap is over.
    """

    PREFIX = "key"
    membership = models.ForeignKey("accounts.Membership", models.PROTECT, related_name="api_keys")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    digest = models.BinaryField(max_length=32, unique=True)
    scopes = models.JSONField()
    allowed_ips = models.JSONField(default=list, blank=True)
    requests_per_minute = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = models.CharField(max_length=20, blank=True, default="", db_default="")
    replaced_by = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="predecessor"
    )
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["workspace", "created_at"], name="api_key_by_workspace")]


class RefreshSession(PublicIdModel):
    """A family of refresh tokens: one signed-in device."""

    PREFIX = "ses"
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    workspace = models.ForeignKey("accounts.Workspace", models.CASCADE, null=True, related_name="+")
    device = models.BinaryField(max_length=32)
    device_name = models.CharField(max_length=60, blank=True, default="")
    country = models.CharField(max_length=2, blank=True, default="")
    session_version = models.PositiveIntegerField()
    idle_seconds = models.PositiveIntegerField()
    created_at = models.DateTimeField()
    proved_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["user"], condition=Q(revoked_at=None), name="refresh_session_live")]


class RefreshToken(models.Model):
    """One link of a family's chain; `digest` is the SHA-256 of the secret."""

    session = models.ForeignKey(RefreshSession, models.CASCADE, related_name="tokens")
    generation = models.PositiveIntegerField()
    digest = models.BinaryField(max_length=32, unique=True)
    rotated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "generation"], name="refresh_token_generation_unique")
        ]


class IdempotencyRecord(WorkspaceModel):
    """An answer kept for 24 hours; inserted in the transaction that does the work."""

    membership = models.ForeignKey("accounts.Membership", models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["membership", "key"], name="idempotency_key_once")]
        indexes = [models.Index(fields=["created_at"], name="idempotency_by_age")]
