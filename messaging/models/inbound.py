"""What platforms tell us, stored once before it is looked at."""

from django.db import models
from django.db.models import F, Q

from huntaze.kernel.fields import EncryptedTextField
from huntaze.kernel.ids import PublicIdModel
from huntaze.kernel.outbox import QueueRow, State


class InboundEvent(PublicIdModel, QueueRow):
    """A webhook's body under the platform's own key; a replay finds the key taken and changes nothing.

    It has no workspace until it is applied: the account it speaks of says whose it is.
    """

    PREFIX = "inb"
    STATES = [
        *State.choices,
        ("unclaimed", "No workspace holds this account"),
        ("quarantined", "Quarantined"),
    ]
    vendor = models.CharField(max_length=20)
    event_key = models.CharField(max_length=255)
    body_digest = models.BinaryField(max_length=32)
    event = models.CharField(max_length=60)
    account_external_id = models.CharField(max_length=100, blank=True, default="")
    body = EncryptedTextField()
    state = models.CharField(max_length=12, choices=STATES, default=State.QUEUED)
    received_at = models.DateTimeField()
    trace_id = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["vendor", "event_key", "body_digest"], name="inbound_event_once")
        ]
        indexes = [
            models.Index("available_at", "id", condition=Q(state="queued"), name="inbound_due"),
            models.Index("leased_until", condition=Q(state="working"), name="inbound_leased"),
            models.Index(F("received_at").desc(), name="inbound_by_time"),
            models.Index("event_key", name="inbound_by_key"),
            models.Index("trace_id", name="inbound_by_trace"),
            models.Index("account_external_id", name="inbound_by_account"),
            models.Index("state", F("id").desc(), condition=~Q(state="done"), name="inbound_not_done"),
        ]
