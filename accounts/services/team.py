"""Members of a workspace: their role, the creators they reach, and the end of a membership.

Every change of who may do what takes the workspace's lock first, so that two of them never judge by each other's
past: the last owner stays, and nobody hands on a right that they are just losing.
"""

from datetime import datetime

from django.db import transaction

from accounts.errors import CreatorsOwnLogin, LastOwner
from accounts.models import ApiKey, Creator, CreatorAssignment, Invitation, Membership, RefreshSession
from accounts.querysets import AssignmentQuerySet
from accounts.rules.membership import may_change, may_hand_on, may_invite
from accounts.selectors.principals import reach_of_member
from accounts.services import audit, tokens
from accounts.services.platform_accounts import disconnect_all
from accounts.services.workspaces import lock_workspace
from accounts.types import CreatorStatus, Role
from huntaze.kernel import live
from huntaze.kernel.errors import Conflict, FieldError, Invalid, NotAllowed


def acting_member(actor: audit.Actor) -> Membership:
    """The member who acts, as of now; raises NotAllowed when their membership has ended meanwhile."""
    rows = Membership.objects.filter(pk=actor.member_pk or 0, ended_at=None)
    member: Membership | None = rows.first()
    if member is None:
        raise NotAllowed
    return member


def change_member(
    *,
    member: Membership,
    role: Role | None = None,
    sees_all_creators: bool | None = None,
    actor: audit.Actor,
    now: datetime,
) -> Membership:
    """Give a member another role, or another scope; None leaves it. The person signs in anew with the new rights.

    Raises NotAllowed for what the actor may not hand on, CreatorsOwnLogin and LastOwner.
    """
    with transaction.atomic():
        lock_workspace(member.workspace_id)
        living = _living(member)
        to_role = role or Role(living.role)
        to_scope = living.sees_all_creators if sees_all_creators is None else sees_all_creators
        if (to_role, to_scope) == (living.role, living.sees_all_creators):
            return living
        _may_change(living, to_role, to_scope, acting_member(actor))
        if living.role == Role.OWNER and to_role is not Role.OWNER:
            _keep_an_owner(living)
        changes = {
            "role": {"from": living.role, "to": str(to_role)},
            "sees_all_creators": {"from": living.sees_all_creators, "to": to_scope},
        }
        living.role, living.sees_all_creators = to_role, to_scope
        living.save(update_fields=["role", "sees_all_creators"])
        tokens.end_everywhere(user=living.user, reason="role changed", now=now)
        audit.record(
            workspace_id=living.workspace_id,
            actor=actor,
            action="member.changed",
            now=now,
            target=living.public_id,
            changes=changes,
        )
    return living


def _may_change(living: Membership, role: Role, sees_all: bool, acting: Membership) -> None:
    if role is not Role(living.role) and Role.CREATOR in {role, Role(living.role)}:
        raise CreatorsOwnLogin
    by = Role(acting.role)
    if not may_change(by, Role(living.role)) or not may_invite(by, role):
        raise NotAllowed
    given = None if role is Role.OWNER or (role is Role.MANAGER and sees_all) else frozenset[int]()
    if not may_hand_on(reach_of_member(acting), given):
        raise NotAllowed


def end_membership(*, member: Membership, actor: audit.Actor, now: datetime, reason: str = "") -> None:
    """End a member's access at once: sessions, keys, assignments. Members may always leave, except the last owner.

    Raises NotAllowed, CreatorsOwnLogin and LastOwner; ending an ended membership is a Conflict.
    """
    with transaction.atomic():
        lock_workspace(member.workspace_id)
        living = _living(member)
        acting = acting_member(actor)
        if acting.pk != living.pk and not may_change(Role(acting.role), Role(living.role)):
            raise CreatorsOwnLogin if living.role == Role.CREATOR else NotAllowed
        if living.role == Role.OWNER:
            _keep_an_owner(living)
        close_membership(living, actor=actor, now=now, reason=reason)


def close_membership(living: Membership, *, actor: audit.Actor, now: datetime, reason: str) -> None:
    """What ending consists of; the caller holds the workspace's lock and has asked who may."""
    living.ended_at = now
    living.save(update_fields=["ended_at"])
    end_assignments(CreatorAssignment.objects.filter(membership=living), now)
    for creator in Creator.objects.select_for_update().filter(user_id=living.user_id).order_by("pk"):
        release_creator(creator, actor=actor, now=now)
    ApiKey.objects.filter(membership=living, revoked_at=None).update(revoked_at=now)
    Invitation.objects.open().filter(invited_by=living).update(revoked_at=now)
    sessions = RefreshSession.objects.filter(user_id=living.user_id, workspace_id=living.workspace_id)
    sessions.filter(revoked_at=None).update(revoked_at=now, revoked_reason="membership ended")
    tokens.end_everywhere(user=living.user, reason="membership ended", now=now)
    audit.record(
        workspace_id=living.workspace_id,
        actor=actor,
        action="member.ended",
        now=now,
        target=living.public_id,
        changes={"role": living.role},
        reason=reason,
    )


def release_creator(creator: Creator, *, actor: audit.Actor, now: datetime) -> None:
    """The creator has no login any more. Whoever leaves after stopping everything takes their accounts with them: what
    they stopped is never sent on by those who stay."""
    creator.user = None
    if creator.stopped_at is not None:
        creator.stopped_at, creator.status = None, CreatorStatus.OFFBOARDED
        disconnect_all(creator, actor=actor, now=now)
    creator.save(update_fields=["user", "stopped_at", "status"])


def _living(member: Membership) -> Membership:
    living: Membership | None = (
        Membership.objects.select_related("user").filter(pk=member.pk, ended_at=None).first()
    )
    if living is None:
        raise Conflict("This membership has ended")
    return living


def _keep_an_owner(leaving: Membership) -> None:
    """Somebody must stay who can let others in; counted under the workspace's lock."""
    others = Membership.objects.filter(role=Role.OWNER, ended_at=None, user__is_active=True)
    if not others.exclude(pk=leaving.pk).exists():
        raise LastOwner


def assign_creator(
    *,
    member: Membership,
    creator: Creator,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    actor: audit.Actor,
    now: datetime,
) -> CreatorAssignment:
    """Let a member work for a creator from `starts_at` (now) until `ends_at` (open). An assignment that is not over
    is moved to these times instead of doubled.

    Raises Invalid for times that end before they start, NotAllowed, and Conflict for a member who needs none.
    """
    start = starts_at or now
    if ends_at is not None and ends_at <= max(start, now):
        raise Invalid(FieldError("endsAt", "The end must lie ahead, and after the start."))
    with transaction.atomic():
        lock_workspace(member.workspace_id)
        living, acting = _living(member), acting_member(actor)
        _may_assign(living, creator, acting)
        rows = CreatorAssignment.objects.filter(membership=living, creator=creator)
        row: CreatorAssignment = rows.unended(now).order_by("pk").first() or CreatorAssignment(
            membership=living, creator=creator, started_at=start
        )
        if row.pk is None or starts_at is not None:
            row.started_at = start
        row.ended_at = ends_at
        row.save()
        live.rights_changed(living.user_id)
        audit.record(
            workspace_id=living.workspace_id,
            actor=actor,
            action="member.assigned",
            now=now,
            target=living.public_id,
            changes={
                "creator": creator.public_id,
                "starts_at": row.started_at.isoformat(),
                "ends_at": ends_at.isoformat() if ends_at else None,
            },
        )
    return row


def unassign_creator(*, member: Membership, creator: Creator, actor: audit.Actor, now: datetime) -> None:
    """End a member's work for a creator now; none open is no error."""
    with transaction.atomic():
        lock_workspace(member.workspace_id)
        living, acting = _living(member), acting_member(actor)
        _may_assign(living, creator, acting)
        rows = CreatorAssignment.objects.filter(membership=living, creator=creator)
        if end_assignments(rows, now):
            audit.record(
                workspace_id=living.workspace_id,
                actor=actor,
                action="member.unassigned",
                now=now,
                target=living.public_id,
                changes={"creator": creator.public_id},
            )


def _may_assign(living: Membership, creator: Creator, acting: Membership) -> None:
    if living.role in {Role.OWNER, Role.CREATOR}:
        raise Conflict("Owners reach every creator, and creators only themselves")
    if not may_change(Role(acting.role), Role(living.role)):
        raise NotAllowed
    if not may_hand_on(reach_of_member(acting), frozenset({creator.pk})):
        raise NotAllowed


def end_assignments(rows: AssignmentQuerySet, now: datetime) -> int:
    """End what goes on; what has not begun never will. The members' open pages hear no more of the
    creator. Returns how many there were."""
    ended = 0
    for row in rows.unended(now).select_related("membership"):
        row.started_at, row.ended_at = min(row.started_at, now), now
        row.save(update_fields=["started_at", "ended_at"])
        live.rights_changed(row.membership.user_id)
        ended += 1
    return ended
