"""The accounts side of a demo workspace: the place, its invented people and creators, accounts that exist nowhere.

Nothing here leaves a row of the audit log in the demo: such a row could never be deleted with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.db.models import QuerySet

from accounts.models import Creator, CreatorAssignment, Membership, PlatformAccount, User, Workspace
from accounts.services.people import DEMO_MAIL
from accounts.types import AccountState, Platform, Role
from huntaze.kernel.tenancy import workspace_scope
from huntaze.platforms.sandbox import MADE_UP


@dataclass(frozen=True, slots=True)
class Team:
    """Who works in a demo. The creator has a login of her own, as far as one can have one without a password."""

    owner: Membership
    manager: Membership
    chatter: Membership
    creator: Membership


def place(*, user: User, name: str, timezone: str, now: datetime) -> Workspace:
    """An empty workspace that only plays, with the person as its owner; in the caller's transaction."""
    workspace = Workspace.objects.create(
        name=name, kind="agency", timezone=timezone, locale=user.locale, is_demo=True
    )
    with workspace_scope(workspace.pk):
        Membership.objects.create(user=user, role=Role.OWNER, joined_at=now)
    return workspace


def team(*, workspace: Workspace, people: Sequence[tuple[str, str]], since: datetime) -> Team:
    """The invented people, by name and role: nobody can sign in as them, and no mail reaches them."""
    users = User.objects.bulk_create(
        User(
            email=f"{role}.{workspace.uid.hex}{DEMO_MAIL}",
            name=name,
            password=make_password(None),
            locale=workspace.locale,
            email_verified_at=since,
            last_login=since,
        )
        for name, role in people
    )
    members = Membership.objects.bulk_create(
        Membership(user=user, role=role, joined_at=since, sees_all_creators=role != Role.CHATTER)
        for user, (_, role) in zip(users, people, strict=True)
    )
    found = {Role(member.role): member for member in members}
    owner = Membership.objects.get(role=Role.OWNER, ended_at=None)
    return Team(owner, found[Role.MANAGER], found[Role.CHATTER], found[Role.CREATOR])


def creator(
    *,
    workspace: Workspace,
    number: int,
    stage_name: str,
    handle: str,
    language: str,
    timezone: str,
    trouble: str,
    team: Team,
    now: datetime,
) -> PlatformAccount:
    """A creator with an account that no platform knows. The first has a login; the chatter works for the first two."""
    made = Creator.objects.create(
        stage_name=stage_name,
        timezone=timezone,
        languages=[language],
        user=team.creator.user if number == 0 else None,
    )
    if number < 2:
        CreatorAssignment.objects.create(
            membership=team.chatter, creator=made, started_at=now - timedelta(days=200)
        )
    state = AccountState.EXPIRED if trouble == "expired" else AccountState.CONNECTED
    return PlatformAccount.objects.create(
        creator=made,
        platform=Platform.ONLYFANS,
        external_id=f"{MADE_UP}{workspace.uid.hex}_{number}",
        handle=f"{handle}_demo",
        state=state,
        state_reason="session_expired" if trouble == "expired" else "",
        state_changed_at=now - timedelta(minutes=50),
        is_sending_paused=trouble == "paused",
        connected_at=now - timedelta(days=380),
        last_synced_at=now - timedelta(minutes=7),
    )


def invented_people(workspace: Workspace) -> QuerySet[User]:
    """Those whom `team` made for this workspace."""
    return User.objects.filter(email__endswith=f".{workspace.uid.hex}{DEMO_MAIL}")
