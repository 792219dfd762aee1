"""Audit rows about a person's own ways in; and who is told by mail."""

from datetime import datetime
from typing import Any

from accounts.models import Membership, User
from accounts.services import audit
from huntaze.kernel.tenancy import ScopeMissing, cross_workspace, current_workspace_id


def note(
    user: User,
    action: str,
    *,
    now: datetime,
    changes: dict[str, Any] | None = None,
    is_theirs: bool = True,
) -> None:
    """One row in the workspace whose scope is open, else in the person's first; staff without one have none.

    Without `is_theirs` nobody knows who acted: somebody tried to be this person.
    """
    try:
        current_workspace_id()
    except ScopeMissing:
        with cross_workspace("sign-in"):
            _write(user, action, now, changes, is_theirs)
    else:
        _write(user, action, now, changes, is_theirs)


def _write(user: User, action: str, now: datetime, changes: dict[str, Any] | None, is_theirs: bool) -> None:
    member: Membership | None = Membership.objects.living().filter(user=user).order_by("pk").first()
    if member is None:
        return
    audit.record(
        workspace_id=member.workspace_id,
        actor=audit.Actor.member(user.pk, member.pk) if is_theirs else audit.Actor.system(),
        action=action,
        now=now,
        target=user.public_id,
        changes=changes,
    )
