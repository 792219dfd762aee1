"""The queue of record: one row for each message on its way out."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from huntaze.kernel.ids import PublicIdModel
from huntaze.kernel.limiter import Lane
from huntaze.kernel.outbox import QueueRow
from huntaze.kernel.tenancy import WorkspaceManager, WorkspaceModel
from messaging.models.messages import Message
from messaging.querysets import DeliveryQuerySet
from messaging.types import CreditState, DeliveryState


class Delivery(PublicIdModel, WorkspaceModel, QueueRow):
    """Its public id is the idempotency key towards the platform and never changes over attempts.

    `promised_at` is the estimate given when it was queued. `needs_lookup` marks an uncertain row whose outcome can
    be found out without asking a person; `replays` counts repeats with the same key after an uncertain outcome.
    `earlier_answers`, newest first, are those before `answered_at`: each used a slot of the account, and the limiter's
    log is made again from them.
    `reservation` holds the credit that pays for it, `credit_state` what became of that; a row that wants one is held
    until there is one.
    A campaign's row has no message until it is first claimed: then its text is filled in for its fan.
    """

    PREFIX = "dlv"
    # Each index is one more to write with every claim and every answer: these two are read by no query.
    workspace = models.ForeignKey(settings.WORKSPACE_MODEL, models.PROTECT, db_index=False, related_name="+")
    account = models.ForeignKey("accounts.PlatformAccount", models.PROTECT, db_index=False, related_name="+")
    fan = models.ForeignKey("messaging.Fan", models.PROTECT, related_name="+")
    message = models.OneToOneField("messaging.Message", models.PROTECT, null=True, related_name="delivery")
    campaign = models.ForeignKey(
        "messaging.Campaign", models.PROTECT, null=True, db_index=False, related_name="deliveries"
    )
    state = models.CharField(max_length=10, choices=[(s.value, s.value) for s in DeliveryState])
    lane = models.CharField(max_length=11, choices=[(lane.value, lane.value) for lane in Lane])
    priority = models.PositiveSmallIntegerField()
    queued_at = models.DateTimeField()
    promised_at = models.DateTimeField()
    first_attempt_at = models.DateTimeField(null=True, blank=True)
    dispatched_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    earlier_answers = ArrayField(models.DateTimeField(), null=True, blank=True)
    needs_lookup = models.BooleanField(default=False)
    replays = models.PositiveSmallIntegerField(default=0)
    trace_id = models.CharField(max_length=64, blank=True, default="")
    # No constraint: it would be checked for each of a campaign's rows. Reservations are never deleted.
    reservation = models.ForeignKey(
        "billing.Reservation",
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        db_constraint=False,
        related_name="+",
    )
    credit_state = models.CharField(
        max_length=8, choices=[(s.value, s.value) for s in CreditState], blank=True, default="", db_default=""
    )

    objects = WorkspaceManager.from_queryset(DeliveryQuerySet)()  # type: ignore[misc]

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.CheckConstraint(
                condition=Q(priority__gte=1, priority__lte=9), name="delivery_priority_range"
            ),
            models.CheckConstraint(
                condition=Q(message__isnull=False) | Q(campaign__isnull=False), name="delivery_has_text"
            ),
            models.UniqueConstraint(
                fields=["fan", "campaign"],
                condition=Q(campaign__isnull=False),
                name="delivery_once_a_campaign",
            ),
        ]
        indexes = [
            models.Index(
                "account", "lane", "priority", "id", condition=Q(state="queued"), name="delivery_ready"
            ),
            models.Index("account", "promised_at", condition=Q(state="queued"), name="delivery_promised"),
            models.Index("available_at", condition=Q(state="scheduled"), name="delivery_due"),
            models.Index(
                "available_at", condition=Q(state="uncertain", needs_lookup=True), name="delivery_lookup"
            ),
            models.Index("account", F("id").desc(), condition=Q(state="failed"), name="delivery_dead"),
            models.Index(
                "account", F("id").desc(), condition=Q(state="uncertain"), name="delivery_uncertain"
            ),
            models.Index("account", "available_at", condition=Q(state="scheduled"), name="delivery_planned"),
            models.Index("account", condition=Q(state="sending"), name="delivery_flying"),
            models.Index(
                "account",
                F("answered_at").desc(),
                condition=Q(answered_at__isnull=False),
                name="delivery_by_answer",
            ),
            models.Index(
                "account",
                "dispatched_at",
                condition=Q(dispatched_at__isnull=False),
                name="delivery_dispatched",
            ),
            models.Index(
                fields=["campaign", "state"], condition=Q(campaign__isnull=False), name="delivery_of_campaign"
            ),
            models.Index(
                "state",
                F("id").desc(),
                condition=Q(state__in=["failed", "uncertain", "held", "cancelled"]),
                name="delivery_set_aside",
            ),
            models.Index(
                "last_error",
                F("id").desc(),
                condition=Q(state__in=["failed", "uncertain", "scheduled", "queued"]) & ~Q(last_error=""),
                name="delivery_by_error",
            ),
            models.Index("trace_id", name="delivery_by_trace"),
            models.Index("account", F("id").desc(), name="delivery_by_account"),
        ]

    @property
    def reference(self) -> str:
        """The public id that people know it by: its message's, or its own while it has none."""
        return self.message.public_id if self.message else self.public_id

    @property
    def written(self) -> Message:
        """Its message; every row that has been claimed once has one."""
        assert self.message is not None
        return self.message


class CreditChange(WorkspaceModel):
    """Credits of a reservation that deliveries have used or no longer need, until they are posted to the ledger."""

    workspace = models.ForeignKey(
        settings.WORKSPACE_MODEL, models.PROTECT, db_constraint=False, related_name="+"
    )
    reservation = models.ForeignKey(
        "billing.Reservation", models.PROTECT, db_index=False, db_constraint=False, related_name="+"
    )
    settled = models.PositiveIntegerField()
    released = models.PositiveIntegerField()
