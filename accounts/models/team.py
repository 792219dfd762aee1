"""Invitations to a workspace, and the visits of staff in it."""

from django.db import models
from django.db.models import Q

from accounts.models.workspaces import Membership
from accounts.querysets import InvitationQuerySet
from huntaze.kernel.ids import PublicIdModel
from huntaze.kernel.tenancy import WorkspaceManager, WorkspaceModel


class Invitation(PublicIdModel, WorkspaceModel):
    """A place offered by mail. `digest` is the SHA-256 of the token in the link; `creator_pks` are the creators that
    the new member will work for, or, for the role creator, the one they are."""

    PREFIX = "inv"
    email = models.EmailField(max_length=254)
    role = models.CharField(max_length=10, choices=Membership.ROLES)
    sees_all_creators = models.BooleanField(default=True)
    creator_pks = models.JSONField(default=list, blank=True)
    digest = models.BinaryField(max_length=32, unique=True)
    invited_by = models.ForeignKey(Membership, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_as = models.ForeignKey(Membership, models.PROTECT, null=True, blank=True, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = WorkspaceManager.from_queryset(InvitationQuerySet)()  # type: ignore[misc]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "email"],
                condition=Q(accepted_at=None, revoked_at=None),
                name="invitation_open_once",
            )
        ]
        indexes = [
            models.Index(fields=["workspace", "-id"], name="invitation_by_workspace"),
            models.Index(fields=["expires_at"], name="invitation_by_end"),
        ]
