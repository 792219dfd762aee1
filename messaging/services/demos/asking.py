"""Asking for a demo workspace, and for its end. A person has one at most: the unique key decides, not a look."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import Membership, User, Workspace
from accounts.services import audit
from accounts.services import demo as places
from accounts.types import WorkspaceStatus
from huntaze.kernel.jobs import enqueue
from huntaze.kernel.outbox import State
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from messaging.models import Demo

#: A demo that nobody wiped is wiped after this.
LASTS = timedelta(days=30)
SEED = 7


def demo_of(user_pk: int) -> Demo | None:
    """The person's own, in whatever state."""
    with cross_workspace("own demo"):
        found: Demo | None = Demo.objects.filter(user_id=user_pk).select_related("workspace", "home").first()
    return found


def make(
    *, user_pk: int, home_pk: int, actor: audit.Actor, timezone: str, now: datetime, seed: int = SEED
) -> Demo:
    """The person's demo workspace, made if there is none; asked for twice at once there is one. `home_pk` is the
    workspace from which they ask."""
    known = demo_of(user_pk)
    if known is not None:
        return known
    user = User.objects.get(pk=user_pk)
    try:
        with transaction.atomic():
            workspace = places.place(user=user, name=_("Demo: Atelier Martel"), timezone=timezone, now=now)
            with workspace_scope(workspace.pk):
                made: Demo = Demo.objects.create(
                    user=user, home_id=home_pk, seed=seed, asked_at=now, available_at=now
                )
            _note(made, actor, "demo.made", now)
            enqueue("messaging.tend_demos")
    except IntegrityError as error:
        if "user_id" not in str(error):
            raise
        known = demo_of(user_pk)
        if known is None:
            raise  # it was wiped this very moment
        return known
    return made


def wipe(*, demo: Demo, is_by_person: bool = True, now: datetime) -> bool:
    """Nobody gets in from here on, and a worker takes everything away; False when that was asked before.

    A worker who is still making it loses its lease, and with it what it was about to write.
    """
    with cross_workspace("own demo"), transaction.atomic():
        rows = Demo.objects.filter(pk=demo.pk, is_wiping=False)
        changed = rows.update(
            is_wiping=True, state=State.QUEUED, available_at=now, lease_token=None, leased_until=None,
            attempts=0, done_count=0,
        )  # fmt: skip
        if changed:
            Workspace.objects.filter(pk=demo.workspace_id).update(status=WorkspaceStatus.ERASED)
            _note(demo, _owner(demo) if is_by_person else audit.Actor.system(), "demo.wiped", now)
            enqueue("messaging.tend_demos")
    return bool(changed)


def wipe_old(*, now: datetime) -> int:
    """Demos whose time is over; returns how many."""
    with cross_workspace("own demo"):
        old = Demo.objects.filter(asked_at__lt=now - LASTS, is_wiping=False).select_related("workspace")
        rows = list(old.order_by("asked_at")[:100])
    return sum(wipe(demo=row, is_by_person=False, now=now) for row in rows)


def _owner(demo: Demo) -> audit.Actor:
    """The person as a member of the workspace that keeps the log: their membership of the demo goes with it. Somebody
    who has left it is nobody there."""
    home = Membership.objects.filter(user_id=demo.user_id, workspace_id=demo.home_id, ended_at=None)
    member = home.first()
    return audit.Actor.member(member.user_id, member.pk) if member else audit.Actor.system()


def _note(demo: Demo, actor: audit.Actor, action: str, now: datetime) -> None:
    """In the log of the workspace from which it was asked for: the demo's own goes with it."""
    with workspace_scope(demo.home_id):
        audit.record(
            workspace_id=demo.home_id, actor=actor, action=action, now=now, target=demo.workspace.public_id
        )
