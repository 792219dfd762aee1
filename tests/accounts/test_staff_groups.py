"""Who is staff, and with which groups."""

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import User
from accounts.rules.staff import STAFF_GROUPS
from accounts.services.staff import make_groups, set_groups
from huntaze.kernel import clock
from huntaze.kernel.errors import Invalid
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db


def groups_of(user: User) -> set[str]:
    return set(user.groups.values_list("name", flat=True))


def test_migrations_leave_the_three_groups() -> None:
    assert set(Group.objects.values_list("name", flat=True)) == set(STAFF_GROUPS)


def test_a_right_that_somebody_gave_by_hand_goes_with_the_next_migration() -> None:
    finance = Group.objects.get(name="finance")
    finance.permissions.set(Group.objects.get(name="support").permissions.all())
    make_groups()
    codenames = set(finance.permissions.values_list("codename", flat=True))
    assert codenames == {"staff_view", "staff_billing"}


def test_the_command_gives_these_groups_and_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    user = UserFactory(email="sam@example.test")
    call_command("staff", "Sam@example.test", "support", "engineer")
    user.refresh_from_db()
    assert (user.is_staff, groups_of(user)) == (True, {"support", "engineer"})
    call_command("staff", "sam@example.test", "finance")
    assert groups_of(user) == {"finance"}
    call_command("staff", "sam@example.test")
    user.refresh_from_db()
    assert (user.is_staff, groups_of(user)) == (False, set())
    assert capsys.readouterr().out.splitlines() == ["support, engineer", "finance", "no staff any more"]


def test_the_command_knows_people_and_groups_only() -> None:
    with pytest.raises(CommandError):
        call_command("staff", "nobody@example.test", "support")
    user = UserFactory()
    with pytest.raises(CommandError):
        call_command("staff", user.email, "royalty")
    with pytest.raises(Invalid):
        set_groups(user=user, names=["royalty"], now=clock.now())
    user.refresh_from_db()
    assert user.is_staff is False


def test_other_rights_mean_a_new_sign_in(client: Client) -> None:
    user = UserFactory(is_staff=True)
    client.force_login(user)
    assert client.get("/admin/").status_code == 200
    set_groups(user=user, names=["support"], now=clock.now())
    assert client.get("/admin/").status_code == 302


def test_staff_without_a_group_see_no_figures(client: Client) -> None:
    client.force_login(UserFactory(is_staff=True))
    answer = client.get("/admin/")
    assert (answer.status_code, answer.context["attention"], answer.context["app_list"]) == (200, [], [])
