"""Creators of a workspace: added, changed, stopped by themselves."""

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Creator, CreatorAssignment
from accounts.selectors.principals import reach_of_member
from accounts.services import audit
from accounts.services.people import create_creator
from accounts.services.team import acting_member, end_assignments
from accounts.services.workspaces import lock_workspace
from accounts.types import CreatorStatus
from huntaze.kernel.errors import Conflict, NotAllowed


def add_creator(*, stage_name: str, timezone: str = "UTC", actor: audit.Actor, now: datetime) -> Creator:
    """A new creator; a member who doesn't reach every creator works for the new one from now on."""
    with transaction.atomic():
        acting = acting_member(actor)
        is_cut = reach_of_member(acting) is not None
        creator = create_creator(stage_name=stage_name, timezone=timezone, actor=actor, now=now)
        if is_cut and not acting.sees_all_creators:
            CreatorAssignment.objects.create(membership=acting, creator=creator, started_at=now)
    return creator


def change_creator(*, creator: Creator, fields: dict[str, Any], actor: audit.Actor, now: datetime) -> Creator:
    """Change the stage name or the time zone."""
    assert fields.keys() <= {"stage_name", "timezone"}
    with transaction.atomic():
        living = lock_creator(creator)
        changes = {
            name: {"from": getattr(living, name), "to": value}
            for name, value in fields.items()
            if getattr(living, name) != value
        }
        if changes:
            for name in changes:
                setattr(living, name, fields[name])
            living.save(update_fields=list(changes))
            audit.record_of(living, actor, "creator.changed", now, changes)
    return living


def stop(*, creator: Creator, actor: audit.Actor, now: datetime) -> Creator:
    """The creator's own way out: nothing is sent any more, and nobody but themselves reaches them, until they say so.

    Only the person behind the creator may; twice is once.
    """
    with transaction.atomic():
        lock_workspace(creator.workspace_id)
        living = _own(creator, actor)
        if living.stopped_at is not None:
            return living
        if living.status == CreatorStatus.OFFBOARDED:
            raise Conflict("This creator has left the workspace")
        living.stopped_at, living.status = now, CreatorStatus.PAUSED
        living.save(update_fields=["stopped_at", "status"])
        ended = end_assignments(CreatorAssignment.objects.filter(creator=living), now)
        audit.record_of(living, actor, "creator.stopped", now, {"assignments_ended": ended})
    return living


def resume(*, creator: Creator, actor: audit.Actor, now: datetime) -> Creator:
    """Take a stop back. Owners reach the creator again; whoever worked for them is assigned anew, by hand."""
    with transaction.atomic():
        lock_workspace(creator.workspace_id)
        living = _own(creator, actor)
        if living.stopped_at is None:
            return living
        living.stopped_at, living.status = None, CreatorStatus.ACTIVE
        living.save(update_fields=["stopped_at", "status"])
        audit.record_of(living, actor, "creator.resumed", now, {})
    return living


def lock_creator(creator: Creator) -> Creator:
    """The creator's row, held until the transaction ends."""
    return Creator.objects.select_for_update(of=("self",), no_key=True).get(pk=creator.pk)


def _own(creator: Creator, actor: audit.Actor) -> Creator:
    living = lock_creator(creator)
    if living.user_id is None or living.user_id != actor.user_pk:
        raise NotAllowed
    return living
