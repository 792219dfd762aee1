"""Fans and their conversations. A fan's name and handle are encrypted; both can be found exactly, by digest."""

from django.db import models
from django.db.models import Q

from huntaze.kernel.fields import EncryptedTextField
from huntaze.kernel.ids import PublicIdModel
from huntaze.kernel.tenancy import WorkspaceModel


class Fan(PublicIdModel, WorkspaceModel):
    """One person on one platform account; the same person under two creators is two fans.

    An erased fan is a tombstone: `platform_user_id` is then a keyed digest of what it was.
    """

    PREFIX = "fan"
    account = models.ForeignKey("accounts.PlatformAccount", models.PROTECT, related_name="fans")
    platform_user_id = models.CharField(max_length=40)
    name = EncryptedTextField(null=True, blank=True)
    handle = EncryptedTextField(null=True, blank=True)
    handle_digest = models.BinaryField(max_length=32, null=True, blank=True)
    name_digest = models.BinaryField(max_length=32, null=True, blank=True)
    can_receive = models.BooleanField(default=True)
    first_seen_at = models.DateTimeField()
    last_active_at = models.DateTimeField(null=True, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "platform_user_id"], name="fan_once_per_account")
        ]
        indexes = [
            models.Index(fields=["account", "-last_active_at"], name="fan_by_activity"),
            models.Index(fields=["handle_digest"], name="fan_by_handle"),
            models.Index(fields=["name_digest"], condition=Q(name_digest__isnull=False), name="fan_by_name"),
            models.Index(fields=["platform_user_id"], name="fan_by_platform_id"),
        ]


class Conversation(PublicIdModel, WorkspaceModel):
    """Everything said between a creator's account and one fan."""

    PREFIX = "cnv"
    account = models.ForeignKey("accounts.PlatformAccount", models.PROTECT, related_name="+")
    fan = models.OneToOneField(Fan, models.PROTECT, related_name="conversation")
    last_message_at = models.DateTimeField(null=True, blank=True)
    unread_count = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["account", "-last_message_at"], name="conversation_by_activity")]
