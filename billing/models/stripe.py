"""What goes to and comes from Stripe: intents to buy, events, and differences that reconciliation found."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from billing.models.subscriptions import INTERVALS
from huntaze.kernel.ids import PublicIdModel
from huntaze.kernel.outbox import QueueRow, State
from huntaze.kernel.tenancy import WorkspaceModel


class MessagePack(models.Model):
    """Messages to buy on top of a plan. Not for sale while it has neither an amount nor a price of its own."""

    key = models.SlugField(max_length=20, unique=True)
    credits = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3, default="USD")
    amount_minor = models.PositiveIntegerField(null=True, blank=True)
    stripe_lookup_key = models.CharField(max_length=80, unique=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(credits__gt=0), name="pack_of_something")]

    def __str__(self) -> str:
        return self.key


class CheckoutIntent(PublicIdModel, WorkspaceModel):
    """Someone wants to buy something: written before Stripe hears of it.

    What is sold, for how many credits, stands here; what comes back from Stripe only says whether it was paid. There
    is one open intent for a choice, so a double click is one session. `refunded_minor` is what we have taken account
    of, of the charge behind it.
    """

    PREFIX = "chk"
    KINDS = [("plan", "Plan"), ("pack", "Message pack")]
    STATES = [("open", "Open"), ("paid", "Paid"), ("expired", "Expired"), ("failed", "Failed")]
    kind = models.CharField(max_length=4, choices=KINDS)
    choice = models.CharField(max_length=40)
    plan = models.ForeignKey("billing.Plan", models.PROTECT, null=True, blank=True, related_name="+")
    interval = models.CharField(max_length=5, choices=INTERVALS, blank=True, default="")
    pack = models.CharField(max_length=20, blank=True, default="")
    credits = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True, default="")
    amount_minor = models.BigIntegerField(null=True, blank=True)
    attempt = models.PositiveSmallIntegerField(default=1)
    session_id = models.CharField(max_length=100, null=True, blank=True, unique=True)
    payment_intent_id = models.CharField(max_length=100, blank=True, default="")
    url = models.URLField(max_length=2000, blank=True, default="")
    state = models.CharField(max_length=7, choices=STATES, default="open")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "choice"], condition=Q(state="open"), name="checkout_one_open"
            ),
            models.CheckConstraint(
                condition=Q(kind="plan", plan__isnull=False, credits=0)
                | Q(kind="pack", plan__isnull=True, credits__gt=0),
                name="checkout_of_one_thing",
            ),
        ]
        indexes = [
            models.Index(
                "payment_intent_id", condition=~Q(payment_intent_id=""), name="checkout_by_payment_intent"
            ),
            models.Index("workspace", F("id").desc(), name="checkout_of_workspace"),
            models.Index("created_at", condition=Q(kind="pack", state="paid"), name="checkout_paid_packs"),
        ]


class StripeEvent(PublicIdModel, QueueRow):
    """Something changed at Stripe. Only a hint: whoever works on it asks Stripe how things are now.

    It keeps what the change was about, not the objects themselves. Rows of one `serial_key` (the customer) are worked
    on one at a time: the unique index below holds it.
    """

    PREFIX = "sev"
    SOURCES = [
        ("webhook", "Webhook"),
        ("poll", "Poll"),
        ("checkout_return", "Return from checkout"),
        ("reconcile", "Reconciliation"),
    ]
    OUTCOMES = [("applied", "Applied"), ("ignored", "Ignored"), ("orphan", "Orphan")]
    event_id = models.CharField(max_length=150, unique=True)
    source = models.CharField(max_length=15, choices=SOURCES)
    type = models.CharField(max_length=80)
    api_version = models.CharField(max_length=40, blank=True, default="")
    livemode = models.BooleanField(default=False)
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=100)
    serial_key = models.CharField(max_length=100)
    stripe_created_at = models.DateTimeField()
    payload = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    outcome = models.CharField(max_length=10, choices=OUTCOMES, blank=True, default="")
    received_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    trace_id = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["serial_key"], condition=Q(state="working"), name="stripe_event_one_at_a_time"
            )
        ]
        indexes = [
            models.Index("available_at", "id", condition=Q(state="queued"), name="stripe_event_due"),
            models.Index("leased_until", condition=Q(state="working"), name="stripe_event_leased"),
            models.Index("serial_key", F("id").desc(), name="stripe_event_of_key"),
            models.Index("object_id", name="stripe_event_of_object"),
            models.Index(F("received_at").desc(), name="stripe_event_by_time"),
            models.Index("state", F("id").desc(), condition=~Q(state="done"), name="stripe_event_not_done"),
            models.Index(
                "outcome", F("id").desc(), condition=Q(outcome="orphan"), name="stripe_event_orphans"
            ),
            models.Index(F("stripe_created_at").desc(), name="stripe_event_newest"),
        ]


class ReconciliationFinding(PublicIdModel):
    """A difference between what we hold and what Stripe holds. Nothing is put right in silence."""

    PREFIX = "rcf"
    STATES = [("open", "Open"), ("repaired", "Repaired"), ("accepted", "Accepted")]
    kind = models.CharField(max_length=40)
    object_id = models.CharField(max_length=100)
    serial_key = models.CharField(max_length=100, blank=True, default="")
    ours = models.JSONField(default=dict)
    theirs = models.JSONField(default=dict)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=STATES, default="open")
    reason = models.CharField(max_length=200, blank=True, default="")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "object_id"], condition=Q(state="open"), name="finding_open_once"
            )
        ]
        indexes = [models.Index("state", F("id").desc(), name="finding_by_state")]
