"""Campaigns: one text for many fans, who was left out and why, and what was taken back."""

from django.db import models
from django.db.models import Q

from huntaze.kernel.fields import EncryptedTextField
from huntaze.kernel.ids import PublicIdModel
from huntaze.kernel.outbox import QueueRow, State
from huntaze.kernel.tenancy import WorkspaceModel
from messaging.types import CampaignState, UnsendOutcome


class Campaign(PublicIdModel, WorkspaceModel):
    """A queued mass message. `text` is a template; `approved_hash` is the fingerprint that the approver agreed to.

    `editor` is who changed it last and the author of its messages. `scheduled_for` is null for "at once".
    The automatic exclusions and the `most_…` are switched off by null: `most_per_hour` and `most_per_day` hold in any
    hour and any day. `judged_from` is when a person last let it
    go on: failures before that no longer stop it.
    """

    PREFIX = "cmp"
    account = models.ForeignKey("accounts.PlatformAccount", models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    state = models.CharField(max_length=17, choices=[(s.value, s.value) for s in CampaignState])
    state_reason = models.CharField(max_length=40, blank=True, default="")
    language = models.CharField(max_length=2)
    text = EncryptedTextField(blank=True)
    text_digest = models.BinaryField(max_length=32)
    price_minor = models.PositiveIntegerField(default=0)
    currency = models.CharField(max_length=3, default="USD")
    is_locked_text = models.BooleanField(default=False)
    media_ids = models.JSONField(default=list, blank=True)
    include = models.JSONField(default=list)
    exclude = models.JSONField(default=list, blank=True)
    in_conversation_minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    recent_campaign_hours = models.PositiveSmallIntegerField(null=True, blank=True)
    same_text_days = models.PositiveSmallIntegerField(null=True, blank=True)
    same_media_days = models.PositiveSmallIntegerField(null=True, blank=True)
    most_recipients = models.PositiveIntegerField(null=True, blank=True)
    most_per_hour = models.PositiveIntegerField(null=True, blank=True)
    most_per_day = models.PositiveIntegerField(null=True, blank=True)
    priority = models.PositiveSmallIntegerField()
    scheduled_for = models.DateTimeField(null=True, blank=True)
    timezone = models.CharField(max_length=64, default="UTC")
    editor = models.ForeignKey("accounts.Membership", models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(
        "accounts.Membership", models.PROTECT, null=True, blank=True, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_hash = models.CharField(max_length=71, blank=True, default="")
    launched_by = models.ForeignKey(
        "accounts.Membership", models.PROTECT, null=True, blank=True, related_name="+"
    )
    launch_at = models.DateTimeField(null=True, blank=True)
    trace_id = models.CharField(max_length=64, blank=True, default="")
    plan = models.JSONField(null=True, blank=True)
    planned_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    judged_from = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account"],
                condition=Q(state__in=["planning", "running"]),
                name="campaign_one_an_account",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["scheduled", "planning", "running", "paused", "done"])
                | Q(approved_by__isnull=False, approved_at__isnull=False),
                name="campaign_needs_approval",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "-id"], name="campaign_by_account"),
            models.Index(fields=["launch_at"], condition=Q(state="scheduled"), name="campaign_due"),
            models.Index(
                fields=["state"],
                condition=Q(state__in=["planning", "running", "paused", "unsending"]),
                name="campaign_under_way",
            ),
            models.Index(fields=["ended_at"], condition=~Q(text_digest=bytes(32)), name="campaign_with_text"),
        ]


class CampaignExclusion(WorkspaceModel):
    """A fan of a campaign's audience who was left out, and why; everybody else has a delivery of the campaign."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="exclusions")
    fan = models.ForeignKey("messaging.Fan", models.PROTECT, related_name="+")
    reason = models.CharField(max_length=20)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "fan"], name="campaign_exclusion_once")]


class CampaignUnsend(WorkspaceModel, QueueRow):
    """One sent message of a campaign on its way back; `outcome` says what came of it."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="unsends")
    delivery = models.OneToOneField("messaging.Delivery", models.PROTECT, related_name="unsend")
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    outcome = models.CharField(
        max_length=10, choices=[(o.value, o.value) for o in UnsendOutcome], blank=True, default=""
    )

    class Meta:
        indexes = [
            models.Index("available_at", "id", condition=Q(state="queued"), name="campaign_unsend_due"),
            models.Index("leased_until", condition=Q(state="working"), name="campaign_unsend_leased"),
        ]
