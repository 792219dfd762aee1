"""People, workspaces, members, creators: what is written, and what the constraints decide."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.errors import AlreadyMember, EmailTaken
from accounts.models import AuditEvent, Creator, CreatorAssignment, Membership, User, Workspace, WorkspaceKey
from accounts.services import people
from accounts.services.audit import Actor
from accounts.services.keys import WorkspaceDataKeys
from accounts.types import Role
from huntaze.kernel.tenancy import ScopeMissing, cross_workspace, workspace_scope
from tests.factories.accounts import NOW, CreatorFactory, MembershipFactory, UserFactory


def audited() -> list[str]:
    with cross_workspace("demo"):
        return list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))


def make(email: str) -> User:
    return people.create_user(email=email, name="Ann", password="Correct-horse-7", now=NOW)


def test_a_person_is_stored_with_a_lower_case_mail_and_a_hash(db: None) -> None:
    user = User.objects.get(pk=make("Ann@Example.TEST").pk)
    assert (user.email, user.name, user.is_staff, user.session_version) == (
        "ann@example.test",
        "Ann",
        False,
        1,
    )
    assert user.check_password("Correct-horse-7")
    assert "Correct" not in user.password


def test_a_mail_is_taken_once_however_it_is_written(db: None) -> None:
    make("ann@example.test")
    with pytest.raises(EmailTaken):
        make("ANN@example.test")
    assert User.objects.count() == 1


def test_the_database_itself_refuses_upper_case(db: None) -> None:
    with pytest.raises(IntegrityError, match="user_email_lower"), transaction.atomic():
        User.objects.create(email="Ann@example.test", name="Ann")


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_gets_the_mail() -> None:
    """Both have looked and found it free before either writes: the constraint decides, not the look."""
    barrier = threading.Barrier(2)

    def sign_up(_: int) -> str:
        try:
            is_free = not User.objects.filter(email="ann@example.test").exists()
            barrier.wait(10)
            make("ann@example.test")
            return f"made, free {is_free}"
        except EmailTaken:
            return f"taken, free {is_free}"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(sign_up, range(2))) == ["made, free True", "taken, free True"]
    assert User.objects.count() == 1


def test_a_workspace_comes_with_its_owner(db: None) -> None:
    owner = UserFactory()
    workspace, member = people.create_workspace(
        name="Agency", owner=owner, now=NOW, kind="agency", timezone="Europe/Paris"
    )
    assert (workspace.name, workspace.kind, workspace.timezone, workspace.status) == (
        "Agency",
        "agency",
        "Europe/Paris",
        "active",
    )
    assert workspace.email == owner.email
    assert (member.workspace_id, member.user_id) == (workspace.pk, owner.pk)
    assert (member.role, member.joined_at) == ("owner", NOW)
    assert audited() == ["workspace.created"]


def test_a_workspace_that_can_not_be_made_leaves_nothing(db: None) -> None:
    unsaved = User(email="nobody@example.test")
    with pytest.raises(ValueError, match="unsaved"):
        people.create_workspace(name="Agency", owner=unsaved, now=NOW)
    assert (Workspace.objects.count(), audited()) == (0, [])


def test_a_member_is_added_to_the_workspace_in_scope(world: Any) -> None:
    user, actor = UserFactory(), Actor.system()
    with workspace_scope(world.owner.workspace_id):
        member = people.add_member(user=user, role=Role.CHATTER, actor=actor, now=NOW)
        with pytest.raises(AlreadyMember):
            people.add_member(user=user, role=Role.MANAGER, actor=actor, now=NOW)
    assert (member.workspace_id, member.role) == (world.owner.workspace_id, "chatter")
    with pytest.raises(ScopeMissing):
        people.add_member(user=user, role=Role.CHATTER, actor=actor, now=NOW)
    assert audited() == ["member.added"]


def test_who_left_may_come_back(world: Any) -> None:
    with workspace_scope(world.owner.workspace_id):
        Membership.objects.filter(pk=world.chatter.pk).update(ended_at=NOW)
        again = people.add_member(user=world.chatter.user, role=Role.CHATTER, actor=Actor.system(), now=NOW)
    assert again.pk != world.chatter.pk


def test_a_creator_is_made_in_the_workspace_in_scope(world: Any) -> None:
    with workspace_scope(world.owner.workspace_id):
        creator = people.create_creator(stage_name="Nova", timezone="UTC", actor=Actor.system(), now=NOW)
    with cross_workspace("demo"):
        stored = Creator.objects.get(pk=creator.pk)
    assert (stored.workspace_id, stored.stage_name, stored.status) == (
        world.owner.workspace_id,
        "Nova",
        "active",
    )
    assert audited() == ["creator.created"]


def test_assigning_twice_is_once(world: Any) -> None:
    with workspace_scope(world.owner.workspace_id):
        for _ in range(2):
            people.assign(member=world.chatter, creator=world.other_creator, actor=Actor.system(), now=NOW)
        assert CreatorAssignment.objects.filter(creator=world.other_creator).count() == 1
    assert audited() == ["member.assigned"]


def test_an_assignment_that_ended_can_be_opened_again(world: Any) -> None:
    with workspace_scope(world.owner.workspace_id):
        CreatorAssignment.objects.filter(creator=world.creator).update(ended_at=NOW)
        people.assign(member=world.chatter, creator=world.creator, actor=Actor.system(), now=NOW)
        assert CreatorAssignment.objects.filter(creator=world.creator).count() == 2


def test_a_person_belongs_to_several_workspaces(db: None) -> None:
    user = UserFactory()
    first, second = MembershipFactory(user=user), MembershipFactory(user=user)
    with cross_workspace("demo"):
        assert set(Membership.objects.filter(user=user)) == {first, second}


@pytest.mark.django_db(transaction=True)
def test_makers_of_a_workspaces_first_key_agree_on_one(world: Any) -> None:
    pk = CreatorFactory().workspace_id
    barrier = threading.Barrier(6)

    def current(_: int) -> tuple[int, bytes]:
        try:
            barrier.wait(10)
            return WorkspaceDataKeys().current(pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(current, range(6)))) == 1
    assert WorkspaceKey.objects.filter(workspace_id=pk).count() == 1
