"""Outgoing webhooks: who wants to be told what, and one row for each event on its way to an endpoint."""

from django.db import models
from django.db.models import F, Q

from huntaze.kernel.fields import EncryptedTextField
from huntaze.kernel.ids import PublicIdModel
from huntaze.kernel.outbox import QueueRow, State
from huntaze.kernel.tenancy import WorkspaceModel


class WebhookSubscription(PublicIdModel, WorkspaceModel):
    """An endpoint of a workspace and the kinds of events it wants.

    The address lies sealed like the secret, because people put tokens into addresses. While `old_secret_until` lies
    ahead, deliveries are signed with both secrets. `failing_since` is the first failure after the last success;
    `held_until` keeps an endpoint that fails from using up everybody's time. A removed one is disabled as well.
    """

    PREFIX = "whs"
    url = EncryptedTextField()
    description = models.CharField(max_length=80, blank=True, default="")
    events = models.JSONField()
    secret = EncryptedTextField()
    old_secret = EncryptedTextField(null=True, blank=True)
    old_secret_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_reason = models.CharField(max_length=20, blank=True, default="")
    removed_at = models.DateTimeField(null=True, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    held_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["workspace"], condition=Q(disabled_at=None), name="webhook_listening"),
        ]


class WebhookDelivery(PublicIdModel, WorkspaceModel, QueueRow):
    """One event for one endpoint. `body` is what is signed and sent, the same bytes at every attempt: ids and states,
    no names and no texts. `tries` are the attempts, newest last: at, status, error, milliseconds."""

    PREFIX = "whd"
    subscription = models.ForeignKey(
        WebhookSubscription, models.CASCADE, db_index=False, related_name="deliveries"
    )
    event_uid = models.UUIDField()
    kind = models.CharField(max_length=40)
    body = models.TextField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    queued_at = models.DateTimeField()
    tries = models.JSONField(default=list)
    trace_id = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        verbose_name_plural = "webhook deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "event_uid"], name="webhook_event_once_an_endpoint"
            )
        ]
        indexes = [
            models.Index("subscription", "available_at", condition=Q(state="queued"), name="webhook_due"),
            models.Index("leased_until", condition=Q(state="working"), name="webhook_leased"),
            models.Index("subscription", F("id").desc(), name="webhook_log"),
            models.Index("queued_at", name="webhook_by_age"),
        ]
