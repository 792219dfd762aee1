"""Connecting by OAuth: the state of an attempt, and when an account's tokens are next renewed or tried."""

from django.db import models
from django.db.models import Q

from huntaze.kernel.fields import EncryptedTextField
from huntaze.kernel.ids import PublicIdModel
from huntaze.kernel.outbox import QueueRow, State
from huntaze.kernel.tenancy import WorkspaceModel


class OAuthState(PublicIdModel, WorkspaceModel):
    """What the platform's page has to bring back: its digest, and for whom and where it was made.

    Good once. `session_digest` is of the browser session in which it began, None where that was the API; member,
    creator and platform are the connection's. `offer` holds tokens while somebody chooses among their accounts.
    """

    PREFIX = "oas"
    connection = models.OneToOneField("accounts.Connection", models.CASCADE, related_name="oauth")
    digest = models.BinaryField(unique=True)
    session_digest = models.BinaryField(null=True)
    redirect_uri = models.CharField(max_length=300)
    verifier = EncryptedTextField()
    offer = EncryptedTextField(null=True, blank=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["expires_at"], name="oauth_state_old"),
            models.Index(fields=["id"], condition=Q(offer__isnull=False), name="oauth_state_offered"),
        ]


class TokenRefresh(WorkspaceModel, QueueRow):
    """The lease under which an account's tokens are renewed or tried; one for each account connected by OAuth.

    `generation` counts the tokens that were stored: what came of older ones changes nothing any more.
    """

    account = models.OneToOneField("accounts.PlatformAccount", models.CASCADE, related_name="token_refresh")
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    generation = models.PositiveIntegerField(default=1)
    refresh_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "token refreshes"
        indexes = [
            models.Index("available_at", "id", condition=Q(state="queued"), name="token_refresh_due"),
            models.Index("leased_until", condition=Q(state="working"), name="token_refresh_leased"),
        ]

    def __str__(self) -> str:
        return str(self.account)
