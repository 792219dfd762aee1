"""Connecting accounts: what a person agreed to, each attempt, and what has to be taken back outside."""

from django.db import models
from django.db.models import F, Q

from accounts.types import ConnectionState, Platform
from huntaze.kernel.fields import EncryptedTextField
from huntaze.kernel.ids import PublicIdModel
from huntaze.kernel.outbox import QueueRow, State
from huntaze.kernel.tenancy import WorkspaceModel

_PLATFORMS = [(p.value, p.value) for p in Platform]


class Consent(PublicIdModel, WorkspaceModel):
    """Who agreed, for which creator, to reaching a platform through its vendor; `text_version` names what they read.

    A row is never changed but for `withdrawn_at`, once.
    """

    PREFIX = "cns"
    creator = models.ForeignKey("accounts.Creator", models.PROTECT, related_name="+")
    platform = models.CharField(max_length=10, choices=_PLATFORMS)
    text_version = models.CharField(max_length=20)
    given_by = models.ForeignKey("accounts.Membership", models.PROTECT, related_name="+")
    given_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)


class Connection(PublicIdModel, WorkspaceModel):
    """One attempt to connect an account. `account_uid` is the account's public id from the start, so that the vendor
    can carry it before there is a row; `attempt` is the vendor's id where an account signs in again."""

    PREFIX = "cnx"
    creator = models.ForeignKey("accounts.Creator", models.PROTECT, related_name="+")
    platform = models.CharField(max_length=10, choices=_PLATFORMS)
    account_uid = models.UUIDField()
    account = models.ForeignKey(
        "accounts.PlatformAccount", models.PROTECT, null=True, blank=True, related_name="connections"
    )
    consent = models.OneToOneField(Consent, models.PROTECT, related_name="connection")
    started_by = models.ForeignKey("accounts.Membership", models.PROTECT, related_name="+")
    attempt = models.CharField(max_length=100, blank=True, default="")
    state = models.CharField(
        max_length=10,
        choices=[(s.value, s.value) for s in ConnectionState],
        default=ConnectionState.WAITING.value,
    )
    reason = models.CharField(max_length=40, blank=True, default="")
    started_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["creator", "platform"], condition=Q(finished_at=None), name="connection_one_at_a_time"
            )
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(finished_at=None), name="connection_open"),
            models.Index("workspace", F("id").desc(), name="connection_by_workspace"),
            models.Index(fields=["finished_at"], condition=~Q(finished_at=None), name="connection_ended"),
        ]


class Revocation(PublicIdModel, QueueRow):
    """An account that is disconnected here and has to be at its platform; the row goes when that is done.

    It outlives workspace and account, whose own rows may be erased before the platform answers. `tokens` are to be
    revoked, where the platform is connected by OAuth.
    """

    PREFIX = "rvk"
    platform = models.CharField(max_length=10, choices=_PLATFORMS)
    external_id = EncryptedTextField()
    tokens = EncryptedTextField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    queued_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index("available_at", "id", condition=Q(state="queued"), name="revocation_due"),
            models.Index("leased_until", condition=Q(state="working"), name="revocation_leased"),
        ]
