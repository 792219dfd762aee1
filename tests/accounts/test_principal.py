"""Who is calling: capabilities of the role, cut by the key, and the creators within reach."""

from typing import Any

import pytest

from accounts.models import ApiKey, Creator, CreatorAssignment, Membership
from accounts.rules.capabilities import capabilities_of
from accounts.selectors import principal_of
from accounts.types import Role
from huntaze.kernel.api.principal import Principal
from huntaze.kernel.tenancy import cross_workspace
from tests.factories.accounts import NOW, AssignmentFactory, CreatorFactory, MembershipFactory, api_key


def principal(member: Membership, **values: Any) -> Principal:
    with cross_workspace("demo"):
        return principal_of(member, limit=60, **values)


def test_an_owner_reaches_everything(world: Any) -> None:
    found = principal(world.owner, session_id="ses_1")
    assert found.capabilities == capabilities_of(Role.OWNER)
    assert (found.creator_ids, found.throttle_limit, found.session_id, found.key_pk) == (
        None,
        60,
        "ses_1",
        None,
    )
    assert (found.user_id, found.workspace_id) == (
        world.owner.user.public_id,
        world.owner.workspace.public_id,
    )


@pytest.mark.parametrize(
    ("role", "sees_all", "reaches_all"),
    [
        ("owner", True, True),
        ("owner", False, True),
        ("manager", True, True),
        ("manager", False, False),
        ("chatter", True, False),
        ("chatter", False, False),
        ("creator", True, False),
        ("creator", False, False),
    ],
)
def test_reach_follows_from_the_role_and_never_widens_a_chatter(
    world: Any, role: str, sees_all: bool, reaches_all: bool
) -> None:
    member = MembershipFactory(workspace=world.owner.workspace, role=role, sees_all_creators=sees_all)
    AssignmentFactory(workspace=member.workspace, membership=member, creator=world.creator)
    if role == "creator":
        CreatorFactory(workspace=member.workspace, user=world.chatter.user)
        with cross_workspace("demo"):
            Creator.objects.filter(pk=world.creator.pk).update(user=member.user)
    assert principal(member).creator_ids == (None if reaches_all else frozenset({world.creator.pk}))


def test_an_assignment_that_ended_reaches_nothing(world: Any) -> None:
    with cross_workspace("demo"):
        CreatorAssignment.objects.filter(membership=world.chatter).update(ended_at=NOW)
    assert principal(world.chatter).creator_ids == frozenset()


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    "scopes", [("read",), ("write",), ("read", "write"), ("messaging:read",), ("billing:read",)]
)
def test_a_key_never_widens_its_member(world: Any, role: Role, scopes: tuple[str, ...]) -> None:
    member = MembershipFactory(workspace=world.owner.workspace, role=role)
    api_key(member, scopes=scopes)
    with cross_workspace("demo"):
        key = ApiKey.objects.get(membership=member)
    with_key, without = principal(member, key=key), principal(member)
    assert with_key.capabilities <= without.capabilities
    assert (with_key.creator_ids, with_key.key_pk) == (without.creator_ids, key.pk)


def test_a_keys_own_limit_stands(world: Any) -> None:
    api_key(world.owner, requests_per_minute=7)
    with cross_workspace("demo"):
        key = ApiKey.objects.get()
    assert principal(world.owner, key=key).throttle_limit == 7
