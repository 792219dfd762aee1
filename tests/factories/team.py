"""A team in which every kind of reach occurs, and a second workspace behind the wall."""

from dataclasses import dataclass, field
from typing import Any

from accounts.models import Creator, Membership, PlatformAccount, Workspace
from accounts.services import tokens
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from huntaze.kernel.web import Device
from tests.factories.accounts import (
    AssignmentFactory,
    CreatorFactory,
    MembershipFactory,
    PlatformAccountFactory,
    WorkspaceFactory,
)


@dataclass
class Team:
    """`members` by kind: owner, manager (all creators), team (a manager of the assigned ones), chatter, creator.

    The creators: `own` is the creator member's own person and assigned to team manager and chatter; `unassigned` is
    nobody's.
    """

    workspace: Workspace
    members: dict[str, Membership]
    own: Creator
    unassigned: Creator
    own_account: PlatformAccount
    unassigned_account: PlatformAccount
    more: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, kind: str) -> Membership:
        return self.members[kind]


def make_team(name: str) -> Team:
    """`name` goes into every text, so that it can be searched for in answers."""
    workspace = WorkspaceFactory(name=f"{name} Workspace")

    def member(kind: str, role: str, **more: Any) -> Membership:
        found: Membership = MembershipFactory(
            workspace=workspace,
            role=role,
            user__name=f"{name} {kind}",
            user__email=f"{kind}.{name.lower()}@example.test",
            **more,
        )
        return found

    members = {
        "owner": member("owner", "owner"),
        "manager": member("manager", "manager"),
        "team": member("team", "manager", sees_all_creators=False),
        "chatter": member("chatter", "chatter"),
        "creator": member("creator", "creator"),
    }
    own = CreatorFactory(workspace=workspace, stage_name=f"{name} Own", user=members["creator"].user)
    unassigned = CreatorFactory(workspace=workspace, stage_name=f"{name} Unassigned")
    for kind in ("team", "chatter"):
        AssignmentFactory(workspace=workspace, membership=members[kind], creator=own)
    return Team(
        workspace=workspace,
        members=members,
        own=own,
        unassigned=unassigned,
        own_account=PlatformAccountFactory(creator=own, handle=f"{name.lower()}own"),
        unassigned_account=PlatformAccountFactory(creator=unassigned, handle=f"{name.lower()}unassigned"),
    )


def reload(row: Any) -> Any:
    """The row as it stands in the database."""
    with cross_workspace("demo"):
        return type(row).objects.get(pk=row.pk)


def access_token(member: Membership) -> str:
    """An access token of a new session of the member, as sign-in gives it."""
    now, user = clock.now(), reload(member.user)
    session, _ = tokens.open_family(
        user=user,
        workspace=member.workspace,
        device=Device(None, "test", b"d" * 32),
        is_remembered=False,
        now=now,
    )
    return tokens.access_token(user=user, workspace=member.workspace, session=session, now=now)
