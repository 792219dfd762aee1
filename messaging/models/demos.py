"""Demo workspaces: one a person at most, made and wiped by a worker."""

from django.db import models
from django.db.models import Q

from huntaze.kernel.ids import PublicIdModel
from huntaze.kernel.outbox import QueueRow, State
from huntaze.kernel.tenancy import WorkspaceModel


class Demo(PublicIdModel, WorkspaceModel, QueueRow):
    """A workspace to look around in. `workspace` is the demo's own, `home` the one from which it was asked for, whose
    audit log says so. `seed` is what everything in it follows from; `done_count` of `total_count` rows are made, or
    gone, when `is_wiping`."""

    PREFIX = "dmo"
    user = models.OneToOneField("accounts.User", models.PROTECT, related_name="+")
    home = models.ForeignKey("accounts.Workspace", models.PROTECT, related_name="+")
    seed = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    is_wiping = models.BooleanField(default=False)
    done_count = models.PositiveIntegerField(default=0)
    total_count = models.PositiveIntegerField(default=0)
    asked_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace"], name="demo_once_a_workspace")]
        indexes = [
            models.Index("available_at", "id", condition=Q(state="queued"), name="demo_due"),
            models.Index("leased_until", condition=Q(state="working"), name="demo_leased"),
            models.Index("asked_at", name="demo_by_age"),
        ]

    def __str__(self) -> str:
        return self.public_id
