"""Accounts on the platforms; one in the whole installation for each account outside."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper

from accounts.querysets import PlatformAccountQuerySet
from accounts.types import AccountState, Platform
from huntaze.kernel.fields import EncryptedTextField
from huntaze.kernel.ids import PublicIdModel
from huntaze.kernel.tenancy import WorkspaceManager, WorkspaceModel


class PlatformAccount(PublicIdModel, WorkspaceModel):
    """A creator's account on a platform. `external_id` is the platform's or vendor's id, as text.

    Unique over all workspaces while not disconnected, by the vendor's id and by the platform's own (the vendor gives a
    new id each time): two workspaces on one account would double its send limit.
    """

    PREFIX = "acc"
    creator = models.ForeignKey("accounts.Creator", models.PROTECT, related_name="platform_accounts")
    platform = models.CharField(max_length=10, choices=[(p.value, p.value) for p in Platform])
    external_id = models.CharField(max_length=100)
    owner_external_id = models.CharField(max_length=100, blank=True, default="")
    handle = models.CharField(max_length=100, blank=True, default="")
    state = models.CharField(max_length=12, choices=[(s.value, s.value) for s in AccountState])
    state_reason = models.CharField(max_length=80, blank=True, default="")
    state_changed_at = models.DateTimeField()
    is_sending_paused = models.BooleanField(default=False)
    credentials = EncryptedTextField(blank=True, null=True)
    scopes = models.JSONField(default=list, blank=True)
    token_expires_at = models.DateTimeField(null=True, blank=True)
    last_synced_at = models.DateTimeField(null=True, blank=True)
    connected_at = models.DateTimeField()

    objects = WorkspaceManager.from_queryset(PlatformAccountQuerySet)()  # type: ignore[misc]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["platform", "external_id"],
                condition=~Q(state="disconnected"),
                name="platform_account_connected_once",
            ),
            models.UniqueConstraint(
                fields=["platform", "owner_external_id"],
                condition=~Q(state="disconnected") & ~Q(owner_external_id=""),
                name="platform_account_owner_once",
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "platform"], name="platform_account_by_platform"),
            GinIndex(OpClass(Upper("handle"), "gin_trgm_ops"), name="platform_account_handle_like"),
        ]

    @property
    def can_send(self) -> bool:
        return self.state == AccountState.CONNECTED and not self.is_sending_paused

    def __str__(self) -> str:
        if self.platform in {Platform.ONLYFANS, Platform.INSTAGRAM} and self.handle:
            return f"@{self.handle}"
        return self.handle or self.public_id
