"""Workspaces, who works in them, and the creators they work for."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper

from accounts.querysets import AssignmentQuerySet, MembershipQuerySet
from accounts.types import WorkspaceStatus
from huntaze.kernel.ids import PublicIdModel
from huntaze.kernel.tenancy import WorkspaceManager, WorkspaceModel


class Workspace(PublicIdModel):
    """One business: a creator alone, or an agency with many. Everything else hangs below it."""

    PREFIX = "wsp"
    KINDS = [("solo", "Solo"), ("agency", "Agency")]
    STATUSES = [
        (WorkspaceStatus.ACTIVE.value, "Active"),
        (WorkspaceStatus.READ_ONLY.value, "Read only"),
        (WorkspaceStatus.SUSPENDED.value, "Suspended"),
        (WorkspaceStatus.CLOSING.value, "Closing"),
        (WorkspaceStatus.ERASED.value, "Erased"),
    ]
    PLANS = [("free", "Free"), ("pro", "Pro"), ("enterprise", "Enterprise")]
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=KINDS, default="solo")
    timezone = models.CharField(max_length=64, default="UTC")
    currency = models.CharField(max_length=3, default="USD")
    locale = models.CharField(max_length=2, default="en")
    billing_email = models.EmailField(blank=True, default="")
    status = models.CharField(max_length=10, choices=STATUSES, default="active")
    plan = models.CharField(max_length=10, choices=PLANS, default="free", db_default="free")
    is_demo = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [GinIndex(OpClass(Upper("name"), "gin_trgm_ops"), name="workspace_name_like")]

    def __str__(self) -> str:
        return self.name

    @property
    def email(self) -> str:
        return self.billing_email


class WorkspaceKey(models.Model):
    """A data key, wrapped; `workspace` is null for the installation's own rows.

    Without its keys nothing that a workspace sealed can be read again. Webhooks are sealed with the installation's key
    before anybody knows whose they are: those end by their age.
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE, null=True, related_name="+")
    version = models.PositiveIntegerField()
    kek_id = models.CharField(max_length=40)
    wrapped = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "version"], name="workspace_key_version_unique", nulls_distinct=False
            )
        ]


class KeyRotation(models.Model):
    """Moving everything that a workspace (null: the installation) sealed to the data key `version`.

    `position` holds, for each table, the last key that the current walk has passed. Walks that began before every
    process knows the new key can't be the last one.
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE, null=True, related_name="+")
    version = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    walk_began_at = models.DateTimeField()
    position = models.JSONField(default=dict)
    walks = models.PositiveIntegerField(default=1)
    seen = models.BigIntegerField(default=0)
    changed = models.BigIntegerField(default=0)
    stale = models.BigIntegerField(default=0)
    unreadable = models.BigIntegerField(default=0)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "version"], name="key_rotation_once", nulls_distinct=False
            ),
            models.UniqueConstraint(
                fields=["workspace"],
                condition=Q(finished_at=None),
                name="key_rotation_one_at_a_time",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workspace_id}:{self.version}"


class Membership(PublicIdModel, WorkspaceModel):
    """A person's place in a workspace; ended, never deleted, so that history keeps its author. `skipped_steps` are the
    optional steps of setting up that they don't want to be asked of."""

    PREFIX = "mbr"
    ROLES = [("owner", "Owner"), ("manager", "Manager"), ("chatter", "Chatter"), ("creator", "Creator")]
    user = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    role = models.CharField(max_length=10, choices=ROLES)
    sees_all_creators = models.BooleanField(default=True)
    invited_by = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    joined_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    skipped_steps = models.JSONField(default=list, db_default=[], blank=True)

    objects = WorkspaceManager.from_queryset(MembershipQuerySet)()  # type: ignore[misc]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "user"], condition=Q(ended_at=None), name="membership_active_unique"
            )
        ]
        indexes = [models.Index(fields=["user"], condition=Q(ended_at=None), name="membership_of_user")]


class Creator(PublicIdModel, WorkspaceModel):
    """A person who publishes; `user` is set when they have a login of their own.

    `stopped_at` is set by that person alone: until they take it back nothing is sent and nobody else reaches them.
    """

    PREFIX = "crt"
    STATUSES = [("active", "Active"), ("paused", "Paused"), ("offboarded", "Offboarded")]
    stage_name = models.CharField(max_length=80)
    timezone = models.CharField(max_length=64, default="UTC")
    currency = models.CharField(max_length=3, default="USD")
    languages = models.JSONField(default=list, blank=True)
    user = models.ForeignKey("accounts.User", models.PROTECT, null=True, blank=True, related_name="+")
    status = models.CharField(max_length=10, choices=STATUSES, default="active")
    stopped_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "status"], name="creator_by_status"),
            models.Index(fields=["workspace"], condition=~Q(stopped_at=None), name="creator_stopped"),
            models.Index(fields=["user"], condition=~Q(user=None), name="creator_of_user"),
            GinIndex(OpClass(Upper("stage_name"), "gin_trgm_ops"), name="creator_name_like"),
        ]

    def __str__(self) -> str:
        return self.stage_name


class CreatorAssignment(WorkspaceModel):
    """A member works for a creator from a moment on, until `ended_at`, which may lie ahead."""

    membership = models.ForeignKey(Membership, models.PROTECT, related_name="assignments")
    creator = models.ForeignKey(Creator, models.PROTECT, related_name="assignments")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = WorkspaceManager.from_queryset(AssignmentQuerySet)()  # type: ignore[misc]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")),
                name="assignment_ends_after_start",
            ),
            models.UniqueConstraint(
                fields=["membership", "creator"], condition=Q(ended_at=None), name="assignment_open_unique"
            ),
        ]
