"""Letting somebody go in one step, after saying what that means: a member, or a creator with everything theirs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.models import (
    ApiKey,
    BrowserSession,
    Creator,
    CreatorAssignment,
    Invitation,
    Membership,
    PlatformAccount,
    RefreshSession,
)
from accounts.services import audit
from accounts.services.creators import lock_creator
from accounts.services.platform_accounts import disconnect_all
from accounts.services.team import acting_member, close_membership, end_assignments
from accounts.services.workspaces import lock_workspace
from accounts.types import CreatorStatus
from huntaze.kernel.errors import Conflict

#: Counts messages that wait in the queues of accounts; the app that owns the queue registers it.
Waiting = Callable[[Sequence[int]], int]
_waiting: list[Waiting] = []


def register_waiting(count: Waiting) -> None:
    _waiting.append(count)


@dataclass(frozen=True, slots=True)
class MemberPlan:
    """What ends with a membership."""

    creators: int
    sessions: int
    keys: int
    invitations: int


@dataclass(frozen=True, slots=True)
class CreatorPlan:
    """What ends with a creator. `waiting` messages stay where they are and are never sent."""

    accounts: int
    members: int
    waiting: int
    has_login: bool


def plan_member(member: Membership, now: datetime) -> MemberPlan:
    """What would happen, counted now."""
    sessions = RefreshSession.objects.filter(user_id=member.user_id, workspace_id=member.workspace_id)
    browsers = BrowserSession.objects.filter(user_id=member.user_id, expire_date__gt=now)
    return MemberPlan(
        creators=CreatorAssignment.objects.unended(now).filter(membership=member).count(),
        sessions=sessions.filter(revoked_at=None, expires_at__gt=now).count() + browsers.count(),
        keys=ApiKey.objects.filter(membership=member, revoked_at=None).count(),
        invitations=Invitation.objects.open().filter(invited_by=member).count(),
    )


def plan_creator(creator: Creator, now: datetime) -> CreatorPlan:
    """What would happen, counted now."""
    accounts = list(PlatformAccount.objects.present().filter(creator=creator).values_list("pk", flat=True))
    members = CreatorAssignment.objects.unended(now).filter(creator=creator).values("membership").distinct()
    return CreatorPlan(
        accounts=len(accounts),
        members=members.count(),
        waiting=sum(count(accounts) for count in _waiting) if accounts else 0,
        has_login=creator.user_id is not None,
    )


def offboard_creator(*, creator: Creator, actor: audit.Actor, now: datetime, reason: str = "") -> Creator:
    """A creator leaves the workspace: nothing is sent, accounts are let go, nobody works for them, their login ends.

    All or nothing; raises Conflict when it was done before.
    """
    with transaction.atomic():
        lock_workspace(creator.workspace_id)
        acting_member(actor)
        living = lock_creator(creator)
        if living.status == CreatorStatus.OFFBOARDED:
            raise Conflict("This creator has left the workspace")
        user_id = living.user_id
        living.status, living.user, living.stopped_at = CreatorStatus.OFFBOARDED, None, None
        living.save(update_fields=["status", "user", "stopped_at"])
        accounts = disconnect_all(living, actor=actor, now=now)
        ended = end_assignments(CreatorAssignment.objects.filter(creator=living), now)
        login = Membership.objects.select_related("user").filter(
            user_id=user_id, role="creator", ended_at=None
        )
        for member in login if user_id is not None else ():
            close_membership(member, actor=actor, now=now, reason=reason)
        audit.record(
            workspace_id=living.workspace_id,
            actor=actor,
            action="creator.offboarded",
            now=now,
            target=living.public_id,
            changes={"accounts": accounts, "assignments_ended": ended, "login_ended": user_id is not None},
            reason=reason,
        )
    return living
