"""Reads of the team: members with the creators they reach, invitations, creators."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Creator, CreatorAssignment, Invitation, Membership
from accounts.rules.membership import may_change, may_invite
from accounts.types import Role
from huntaze.kernel import ids
from huntaze.kernel.errors import NotFound
from huntaze.kernel.lookup import one

#: Creators named with one member; a workspace with more shows how many.
MOST_NAMED = 200


@dataclass(frozen=True, slots=True)
class Work:
    """One creator that a member works for."""

    creator_id: str
    stage_name: str
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Member:
    """A member as the team sees them. `reaches_all`: every creator of the workspace."""

    id: str
    user_id: str
    name: str
    email: str
    role: str
    sees_all_creators: bool
    reaches_all: bool
    creators: tuple[Work, ...]
    joined_at: datetime
    last_active_at: datetime | None
    is_you: bool
    may_change: bool


def members_within(creator_ids: frozenset[int] | None, own_pk: int, now: datetime) -> QuerySet[Membership]:
    """Members whom a caller with this reach sees: all, or those who work for (or are) the same creators."""
    rows: QuerySet[Membership] = Membership.objects.filter(ended_at=None).select_related("user")
    if creator_ids is None:
        return rows
    shared = CreatorAssignment.objects.unended(now).filter(
        membership=OuterRef("pk"), creator_id__in=creator_ids
    )
    themselves = Creator.objects.filter(user_id=OuterRef("user_id"), pk__in=creator_ids)
    owners = Q(role=Role.OWNER)
    mine = (
        Q(pk=own_pk) | (Q(role=Role.CHATTER) & Exists(shared)) | (Q(role=Role.CREATOR) & Exists(themselves))
    )
    return rows.filter(mine | owners)


def member_of(creator_ids: frozenset[int] | None, own_pk: int, member_id: str, now: datetime) -> Membership:
    """The member with this public id; NotFound when out of reach."""
    uid = ids.decode(Membership.PREFIX, member_id)
    row = one(members_within(creator_ids, own_pk, now).filter(uid=uid)) if uid else None
    if row is None:
        raise NotFound("Unknown member")
    return row


def told(members: list[Membership], *, own_pk: int, now: datetime) -> list[Member]:
    """Members with what the team may know of them; two queries, however many there are."""
    work: dict[int, list[Work]] = defaultdict(list)
    rows = CreatorAssignment.objects.unended(now).filter(membership__in=members).select_related("creator")
    for row in rows.order_by("creator__stage_name")[: MOST_NAMED * max(len(members), 1)]:
        work[row.membership_id].append(
            Work(row.creator.public_id, row.creator.stage_name, row.started_at, row.ended_at)
        )
    logins = [row.user_id for row in members if row.role == Role.CREATOR]
    for creator in Creator.objects.filter(user_id__in=logins) if logins else ():
        for row in members:
            if row.user_id == creator.user_id:
                work[row.pk].append(Work(creator.public_id, creator.stage_name, row.joined_at, None))
    you = next((row for row in members if row.pk == own_pk), None) or Membership.objects.get(pk=own_pk)
    return [_told(row, tuple(work[row.pk]), Role(you.role), own_pk) for row in members]


def _told(row: Membership, work: tuple[Work, ...], by: Role, own_pk: int) -> Member:
    role = Role(row.role)
    return Member(
        id=row.public_id,
        user_id=row.user.public_id,
        name=row.user.name,
        email=row.user.email,
        role=row.role,
        sees_all_creators=row.sees_all_creators,
        reaches_all=role is Role.OWNER or (role is Role.MANAGER and row.sees_all_creators),
        creators=work,
        joined_at=row.joined_at,
        last_active_at=row.user.last_login,
        is_you=row.pk == own_pk,
        may_change=may_change(by, role),
    )


def creators_within(creator_ids: frozenset[int] | None) -> QuerySet[Creator]:
    """Creators within reach, offboarded ones last."""
    rows: QuerySet[Creator] = Creator.objects.select_related("user")
    if creator_ids is not None:
        rows = rows.filter(pk__in=creator_ids)
    return rows.order_by("stage_name", "pk")


def creator_of(creator_ids: frozenset[int] | None, creator_id: str) -> Creator:
    """The creator with this public id; NotFound when out of reach."""
    uid = ids.decode(Creator.PREFIX, creator_id)
    row = one(creators_within(creator_ids).filter(uid=uid)) if uid else None
    if row is None:
        raise NotFound("Unknown creator")
    return row


def invitations_within(creator_ids: frozenset[int] | None, own_pk: int) -> QuerySet[Invitation]:
    """Open invitations, newest first: all, or one's own for a caller who doesn't reach every creator."""
    rows: QuerySet[Invitation] = Invitation.objects.open().select_related("invited_by__user")
    if creator_ids is not None:
        rows = rows.filter(invited_by_id=own_pk)
    return rows.order_by("-pk")


def invitation_of(creator_ids: frozenset[int] | None, own_pk: int, invitation_id: str) -> Invitation:
    """An open invitation by its public id; NotFound for any other."""
    uid = ids.decode(Invitation.PREFIX, invitation_id)
    row = one(invitations_within(creator_ids, own_pk).filter(uid=uid)) if uid else None
    if row is None:
        raise NotFound("Unknown invitation")
    return row


def roles_to_give(own_pk: int) -> list[Role]:
    """The roles that a member may give to others."""
    by = Role(Membership.objects.get(pk=own_pk).role)
    return [role for role in Role if may_invite(by, role)]
