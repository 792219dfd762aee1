"""Mails on their way: one row each, sent by a worker."""

from django.db import models
from django.db.models import F, Q

from huntaze.kernel.fields import EncryptedTextField
from huntaze.kernel.ids import PublicIdModel
from huntaze.kernel.outbox import QueueRow, State


class Mail(PublicIdModel, QueueRow):
    """`kind` names the letter; `params` is JSON for it, sealed. No link stands in the row: it is made when it is sent.

    `user` is whom it is for, where that is known; a mail about a password is addressed before anybody looked.
    """

    PREFIX = "mal"
    kind = models.CharField(max_length=30)
    to = models.EmailField(max_length=254)
    user = models.ForeignKey("accounts.User", models.CASCADE, null=True, blank=True, related_name="+")
    locale = models.CharField(max_length=2)
    params = EncryptedTextField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    queued_at = models.DateTimeField()
    trace_id = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        indexes = [
            models.Index("available_at", "id", condition=Q(state="queued"), name="mail_due"),
            models.Index("leased_until", condition=Q(state="working"), name="mail_leased"),
            models.Index(F("queued_at").desc(), name="mail_by_time"),
            models.Index("state", F("id").desc(), condition=~Q(state="done"), name="mail_not_done"),
        ]
