"""Two owners leave at once: one of them stays. Without the workspace's lock both would go."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from accounts.errors import LastOwner
from accounts.models import Membership, Workspace
from accounts.services import team
from accounts.services.audit import Actor
from accounts.types import Role
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from tests.factories.accounts import MembershipFactory, WorkspaceFactory

pytestmark = pytest.mark.django_db(transaction=True)


def leave(member: Membership) -> None:
    team.end_membership(member=member, actor=Actor.member(member.user_id, member.pk), now=clock.now())


def step_down(member: Membership) -> None:
    actor = Actor.member(member.user_id, member.pk)
    team.change_member(member=member, role=Role.MANAGER, actor=actor, now=clock.now())


DEEDS = pytest.mark.parametrize("deed", [leave, step_down])


def both_at_once(deed: Callable[[Membership], None]) -> tuple[list[str], int]:
    """What came of it for each of two owners, and how many are left."""
    workspace = WorkspaceFactory()
    owners = [MembershipFactory(workspace=workspace, role="owner") for _ in range(2)]
    start = threading.Barrier(2)

    def go(member: Membership) -> str:
        try:
            with workspace_scope(workspace.pk):
                start.wait(10)
                deed(member)
            return "gone"
        except LastOwner:
            return "stays"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        found = sorted(pool.map(go, owners))
    with cross_workspace("demo"):
        left = Membership.objects.filter(workspace=workspace, role="owner", ended_at=None).count()
    return found, left


@DEEDS
def test_one_owner_stays(deed: Callable[[Membership], None]) -> None:
    assert both_at_once(deed) == (["gone", "stays"], 1)


@DEEDS
def test_without_the_lock_nobody_would(
    deed: Callable[[Membership], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same deed with the lock taken off, and both counting before either writes."""
    counted, count = threading.Barrier(2), team._keep_an_owner

    def count_together(leaving: Membership) -> None:
        count(leaving)
        counted.wait(10)

    monkeypatch.setattr(team, "lock_workspace", lambda pk: Workspace.objects.get(pk=pk))
    monkeypatch.setattr(team, "_keep_an_owner", count_together)
    assert both_at_once(deed) == (["gone", "gone"], 0)
