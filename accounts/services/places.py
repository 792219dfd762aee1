"""Which of a person's workspaces a session of theirs works in."""

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.errors import SecondFactorSetupRequired
from accounts.models import Membership, RefreshSession, User, Workspace
from accounts.rules.second_factor import Duty
from accounts.selectors.factors import duty_of_member, with_duty
from accounts.services import audit, tokens
from huntaze.kernel import ids
from huntaze.kernel.errors import NotFound
from huntaze.kernel.tenancy import cross_workspace


def move_session(*, session: RefreshSession, workspace_id: str, now: datetime) -> str:
    """An access token for another place of the same person; refreshing stays there.

    Raises NotFound for a workspace that they are no member of, SecondFactorSetupRequired where theirs asks for one.
    """
    with cross_workspace("own places"), transaction.atomic():
        member = _place(session.user, workspace_id)
        if duty_of_member(member, now).duty is Duty.WALL:
            raise SecondFactorSetupRequired
        RefreshSession.objects.filter(pk=session.pk).update(workspace=member.workspace)
        _note(member, session.public_id, now)
        return tokens.access_token(user=member.user, workspace=member.workspace, session=session, now=now)


def enter_place(*, user: User, workspace_id: str, now: datetime) -> Workspace:
    """The place that a browser session of the person goes to; raises NotFound where they are no member.

    Where it asks for a second factor, its pages lead to setting one up.
    """
    with cross_workspace("own places"), transaction.atomic():
        member = _place(user, workspace_id)
        _note(member, user.public_id, now)
    found: Workspace = member.workspace
    return found


def _place(user: User, workspace_id: str) -> Any:
    """The person's living membership there, with what its duty is judged by."""
    uid = ids.decode("wsp", workspace_id)
    mine = Membership.objects.living().filter(user=user, workspace__uid=uid)
    member = with_duty(mine.select_related("user", "workspace")).first() if uid else None
    if member is None:
        raise NotFound("Unknown workspace")
    return member


def _note(member: Membership, target: str, now: datetime) -> None:
    """Not in a demo, whose coming and going stands in the log of the workspace that it was asked for from."""
    if member.workspace.is_demo:
        return
    audit.record(
        workspace_id=member.workspace_id,
        actor=audit.Actor.member(member.user_id, member.pk),
        action="auth.workspace_chosen",
        now=now,
        target=target,
    )
