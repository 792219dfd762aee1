"""The staff's pages: who is no staff is refused everywhere; each group sees and does what the staff's table gives it.

Generated from the admin's URL table, so that a page added to it is tried by everybody from the first day.
"""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client, RequestFactory

from accounts.models import User
from accounts.rules.staff import STAFF_CAPABILITIES, STAFF_GROUPS, codename
from tests.architecture.routes import Route, routes
from tests.factories.accounts import UserFactory
from tests.factories.team import make_team

PAGES = [route for route in routes() if route.kind == "admin"]
KINDS = ["plain", *sorted(STAFF_GROUPS), "superuser"]
MEMBERS = ["owner", "manager", "team", "chatter", "creator"]
#: Pages of Django's own that belong to no table: they show no row.
HOUSE = {
    "index", "login", "logout", "password_change", "password_change_done", "autocomplete", "jsi18n",
    "view_on_site", "app_list", "",
}  # fmt: skip
#: Tables that staff write by hand, and with which capability: what is in force for sending and erasing, no member's
#: row.
BY_HAND = {
    "messaging_sendpolicy": "staff.retry",
    "messaging_sendswitch": "staff.retry",
    "accounts_legalhold": "staff.privacy",
    "billing_limitoverride": "staff.billing",
    "billing_grant": "staff.billing",
}
#: Pages of our own, the capability that opens them, and what a holder meets: nothing has the ids below.
OWN = {
    "accounts_membership_visit": ("staff.impersonate", 404),
    "crm_find": ("staff.view", 200),
    "crm_workspace": ("staff.view", 404),
    "crm_workspace_tab": ("staff.view", 404),
    "crm_creator": ("staff.view", 404),
    "crm_creator_tab": ("staff.view", 404),
    "messaging_delivery_dead": ("staff.view", 200),
    "messaging_deadletterrun_progress": ("staff.view", 404),
    "messaging_message_reveal": ("staff.impersonate", 404),
}
VALUES = {
    "object_id": "0", "content_type_id": "0", "app_label": "accounts", "url": "nothing",
    "public_id": "wsp_00000000000000000000000000", "tab": "overview",
}  # fmt: skip


def staff(kind: str) -> User:
    user: User = UserFactory(is_staff=True, is_superuser=kind == "superuser", name=f"Staff {kind}")
    if kind in STAFF_GROUPS:
        user.groups.set([Group.objects.get(name=kind)])
    return user


def held(kind: str) -> frozenset[str]:
    """What staff of a kind may do, from the table alone."""
    return frozenset(STAFF_CAPABILITIES) if kind == "superuser" else STAFF_GROUPS.get(kind, frozenset())


def opened(client: Client, route: Route) -> int:
    return int(client.get(route.at(VALUES)).status_code)


def of_table(route: Route) -> bool:
    return route.action not in HOUSE and route.action.rpartition("_")[2] in {
        "changelist", "add", "history", "delete", "change",
    }  # fmt: skip


def is_known(route: Route) -> bool:
    return route.action in HOUSE or route.action in OWN or of_table(route)


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
    """By the page itself, or by the staff's sign-in to which it leads, wherever that would lead on to."""
    client, refused = Client(), {403, 405}
    client.force_login(make_team("Ours")[kind].user)
    found = {route.name: client.get(route.at(VALUES)) for route in PAGES}
    with capsys.disabled():
        print(f"\n{kind}: {len(found)} staff pages")
    led = {name: answer["Location"] for name, answer in found.items() if answer.status_code == 302}
    assert {name for name, answer in found.items() if answer.status_code not in refused} == led.keys()
    ways = sorted(set(led.values()))
    assert {way.partition("?")[0] for way in ways} == {"/admin/", "/admin/login/"}
    for way in (*ways[:2], "/admin/login/", ways[-1]):
        assert (way, client.get(way, follow=True).status_code) == (way, 403)


def wanted(route: Route, kind: str) -> set[int]:
    table, _, deed = route.action.rpartition("_")
    if deed == "history":
        return {302}  # the row 0 does not exist: back to the list, before rights are asked
    if deed in {"add", "delete"} and BY_HAND.get(table) in held(kind):
        return {200, 302, 403}
    if deed in {"add", "delete"} or "staff.view" not in held(kind):
        return {403}
    return {200} if deed == "changelist" else {302}


@pytest.mark.parametrize("kind", KINDS)
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


def offered(kind: str) -> set[str]:
    """The actions that staff of a kind are offered, over all tables."""
    request = RequestFactory().get("/admin/")
    request.user = staff(kind)
    return {
        f"{model._meta.label}.{name}"
        for model, table in admin.site._registry.items()
        for name in table.get_actions(request)
    }


@pytest.mark.parametrize("kind", KINDS)
def test_actions_are_offered_by_the_capability_that_their_table_names(db: None, kind: str) -> None:
    """An action without a named permission would be everybody's: there is none."""
    unasking, should = [], set()
    for model, table in admin.site._registry.items():
        for action in table.actions:
            permissions = getattr(getattr(table, str(action)), "allowed_permissions", ())
            if not permissions:
                unasking.append(f"{model._meta.label}.{action}")
            if table.operated_with in held(kind) and table.seen_with in held(kind):  # type: ignore[attr-defined]
                should.add(f"{model._meta.label}.{action}")
    by_hand = {name for name in offered(kind) if name.endswith(".delete_selected")}
    assert unasking == []
    assert offered(kind) - by_hand == should
    assert by_hand == ({"messaging.SendPolicy.delete_selected"} if "staff.retry" in held(kind) else set())


@pytest.mark.parametrize("group", sorted(STAFF_GROUPS))
def test_a_group_holds_what_the_table_says_and_nothing_else(db: None, group: str) -> None:
    found = Group.objects.get(name=group).permissions.values_list("codename", flat=True)
    assert set(found) == {codename(name) for name in STAFF_GROUPS[group]}


def test_every_table_asks_for_a_capability_that_exists() -> None:
    asked = {table.seen_with for table in admin.site._registry.values()}  # type: ignore[attr-defined]
    asked |= {table.operated_with for table in admin.site._registry.values()}  # type: ignore[attr-defined]
    assert asked <= set(STAFF_CAPABILITIES)


@pytest.mark.parametrize("kind", KINDS)
def test_pages_of_our_own_open_by_their_capability(db: None, kind: str) -> None:
    """What does not exist is said to nobody else."""
    client = Client()
    client.force_login(staff(kind))
    found = {route.action: opened(client, route) for route in PAGES if route.action in OWN}
    assert found == {name: status if asked in held(kind) else 403 for name, (asked, status) in OWN.items()}
