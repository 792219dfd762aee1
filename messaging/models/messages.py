"""Messages in both directions, and what fans paid for them as far as the platform has told us."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from huntaze.kernel.fields import EncryptedTextField
from huntaze.kernel.ids import PublicIdModel
from huntaze.kernel.tenancy import WorkspaceModel
from messaging.types import AuthorKind, Direction, SignalKind


class Message(PublicIdModel, WorkspaceModel):
    """One message. An outgoing one names its author and who approved it; its journey is its delivery.

    `text_digest` is a keyed digest of the normalised text, for matching what the platform reports back.
    """

    PREFIX = "msg"
    # Found by conversation, platform id and public id; an index for each parent would be written and never read.
    workspace = models.ForeignKey(settings.WORKSPACE_MODEL, models.PROTECT, db_index=False, related_name="+")
    account = models.ForeignKey("accounts.PlatformAccount", models.PROTECT, db_index=False, related_name="+")
    conversation = models.ForeignKey(
        "messaging.Conversation", models.PROTECT, db_index=False, related_name="messages"
    )
    direction = models.CharField(max_length=3, choices=[(d.value, d.value) for d in Direction])
    author_kind = models.CharField(max_length=10, choices=[(a.value, a.value) for a in AuthorKind])
    author = models.ForeignKey(
        "accounts.Membership", models.PROTECT, null=True, db_index=False, related_name="+"
    )
    approved_by = models.ForeignKey(
        "accounts.Membership", models.PROTECT, null=True, db_index=False, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    text = EncryptedTextField(blank=True)
    text_digest = models.BinaryField(max_length=32)
    price_minor = models.PositiveIntegerField(default=0)
    currency = models.CharField(max_length=3, default="USD")
    is_locked_text = models.BooleanField(default=False)
    media_ids = models.JSONField(default=list, blank=True)
    platform_message_id = models.CharField(max_length=40, null=True, blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    purchased_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "platform_message_id"],
                condition=Q(platform_message_id__isnull=False),
                name="message_platform_id_once",
            ),
            models.CheckConstraint(
                condition=~Q(direction="out", author_kind__in=["human", "api", "campaign"])
                | Q(approved_by__isnull=False),
                name="message_out_needs_approval",
            ),
        ]
        indexes = [
            models.Index(fields=["conversation", "-created_at"], name="message_by_conversation"),
            models.Index(
                fields=["platform_message_id"],
                condition=Q(platform_message_id__isnull=False),
                name="message_by_platform_id",
            ),
            models.Index(
                fields=["workspace", "created_at"],
                condition=~Q(text_digest=bytes(32)),
                name="message_with_text",
            ),
        ]


class FanSignal(PublicIdModel, WorkspaceModel):
    """A purchase or a tip on a conversation; `amount_minor` is null when the platform did not say it readably."""

    PREFIX = "sig"
    account = models.ForeignKey("accounts.PlatformAccount", models.PROTECT, related_name="+")
    conversation = models.ForeignKey("messaging.Conversation", models.PROTECT, related_name="signals")
    message = models.ForeignKey(Message, models.PROTECT, null=True, related_name="signals")
    kind = models.CharField(max_length=10, choices=[(k.value, k.value) for k in SignalKind])
    amount_minor = models.PositiveIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, default="USD")
    platform_event_id = models.CharField(max_length=80)
    occurred_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "kind", "platform_event_id"], name="fan_signal_once")
        ]
        indexes = [
            models.Index(fields=["conversation", "-occurred_at"], name="fan_signal_by_conversation"),
            models.Index(fields=["account", "-occurred_at"], name="fan_signal_by_time"),
        ]
