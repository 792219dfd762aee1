"""The staff's pages: who is no staff is refused everywhere; staff see what their groups say and write nothing by hand.

Generated from the admin's URL table, so that a page added to it is tried by everybody from the first day.
"""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from tests.architecture.routes import Route, routes
from tests.factories.accounts import UserFactory
from tests.factories.team import make_team

PAGES = [route for route in routes() if route.kind == "admin"]
MEMBERS = ["owner", "manager", "team", "chatter", "creator"]
#: Pages of Django's own that belong to no table: they show no row.
HOUSE = {
    "index", "login", "logout", "password_change", "password_change_done", "autocomplete", "jsi18n",
    "view_on_site", "app_list", "",
}  # fmt: skip
#: Tables that staff with the right to change them may write by hand: what is in force for sending and erasing, no
#: member's row.
BY_HAND = {
    "messaging_sendpolicy", "messaging_sendswitch", "accounts_legalhold", "billing_limitoverride", "billing_grant",
}  # fmt: skip
VALUES = {"object_id": "0", "content_type_id": "0", "app_label": "accounts", "url": "nothing"}


def staff(kind: str) -> User:
    user: User = UserFactory(is_staff=True, is_superuser=kind == "superuser", name=f"Staff {kind}")
    if kind == "viewing":
        user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    return user


def opened(client: Client, route: Route) -> int:
    return int(client.get(route.at(VALUES)).status_code)


def of_table(route: Route) -> bool:
    return route.action not in HOUSE and route.action.rpartition("_")[2] in {
        "changelist", "add", "history", "delete", "change",
    }  # fmt: skip


def is_known(route: Route) -> bool:
    return route.action in HOUSE or of_table(route)


def test_every_staff_page_is_of_a_known_kind() -> None:
    """A page of our own in the admin is named here with whom it is for before it can stand."""
    assert [route.name for route in PAGES if not is_known(route)] == []
    assert len([route for route in PAGES if of_table(route)]) > 50


def test_nobody_is_sent_to_the_sign_in_page(db: None) -> None:
    client = Client()
    found = {route.name: opened(client, route) for route in PAGES}
    assert {name for name, status in found.items() if status not in {302, 405}} == set()


@pytest.mark.parametrize("kind", MEMBERS)
def test_members_are_refused_everywhere(db: None, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    client = Client()
    client.force_login(make_team("Ours")[kind].user)
    found = {route.name: client.get(route.at(VALUES), follow=True).status_code for route in PAGES}
    with capsys.disabled():
        print(f"\n{kind}: {len(found)} staff pages")
    assert {name for name, status in found.items() if status not in {403, 405}} == set()


def wanted(route: Route, kind: str) -> set[int]:
    table, _, deed = route.action.rpartition("_")
    if deed == "history":
        return {302}  # the row 0 does not exist: back to the list, before rights are asked
    if deed in {"add", "delete"} and kind == "superuser" and table in BY_HAND:
        return {200, 302, 403}
    if deed in {"add", "delete"} or kind == "plain":
        return {403}
    return {200} if deed == "changelist" else {302}


@pytest.mark.parametrize("kind", ["plain", "viewing", "superuser"])
def test_staff_see_what_they_are_given_and_write_nothing_by_hand(
    db: None, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    client = Client()
    client.force_login(staff(kind))
    tables = [route for route in PAGES if of_table(route)]
    wrong = []
    for route in tables:
        status: Any = opened(client, route)
        if status not in wanted(route, kind):
            wrong.append(f"{route.name}: {status}")
    with capsys.disabled():
        print(f"\n{kind} staff: {len(tables)} staff pages")
    assert wrong == []
