"""Second factors: an authenticator app, security keys and passkeys, and recovery codes."""

from django.db import models
from django.db.models import Q

from huntaze.kernel.fields import EncryptedTextField
from huntaze.kernel.ids import PublicIdModel


class TotpDevice(PublicIdModel):
    """An authenticator app (RFC 6238). `last_counter` is the newest 30-second step whose code was used: none of it or
    before it is taken again."""

    PREFIX = "otp"
    user = models.OneToOneField("accounts.User", models.CASCADE, related_name="totp")
    secret = EncryptedTextField()
    last_counter = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)


class SecurityKey(PublicIdModel):
    """A WebAuthn credential. `credential` is its public half as the browser attested it; nothing in it is secret."""

    PREFIX = "wak"
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="security_keys")
    name = models.CharField(max_length=60)
    credential_id = models.BinaryField(max_length=1023, unique=True)
    credential = models.BinaryField()
    host = models.CharField(max_length=253)
    sign_count = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)


class RecoveryCode(models.Model):
    """A code that replaces a lost factor, once; `digest` is keyed."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="recovery_codes")
    digest = models.BinaryField(max_length=32)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "digest"], name="recovery_code_once")]
        indexes = [models.Index(fields=["user"], condition=Q(used_at=None), name="recovery_code_unused")]
