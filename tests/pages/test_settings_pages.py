"""The settings: one's own particulars, the workspace's, and the way into another workspace."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import AuditEvent, BrowserSession, Creator, Membership, User, Workspace
from accounts.sessions import row_key
from huntaze.kernel.tenancy import cross_workspace
from tests.conftest import World
from tests.factories.accounts import MembershipFactory, UserFactory
from tests.factories.team import reload

Browser = Callable[..., Client]
PROFILE = {"name": "Olivia Owner", "locale": "en", "timezone": ""}
WORKSPACE = {"name": "Atelier", "timezone": "Europe/Paris", "currency": "EUR"}


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_a_person_changes_their_particulars(browser: Browser, world: World) -> None:
    client = browser(world.owner)
    answer = client.post(
        "/settings/profile", PROFILE | {"locale": "fr", "timezone": "Asia/Tokyo"}, follow=True
    )
    assert "Vos paramètres sont enregistrés." in text(answer)
    row = reload(world.owner.user)
    assert (row.name, row.locale, row.timezone) == ("Olivia Owner", "fr", "Asia/Tokyo")


def test_what_is_wrong_is_said_and_nothing_typed_is_lost(browser: Browser, world: World) -> None:
    answer = browser(world.owner).post("/settings/profile", PROFILE | {"name": "Z", "timezone": "Asia/Tokyo"})
    assert answer.status_code == 422
    assert "at least 2 characters" in text(answer)
    assert '<option value="Asia/Tokyo" selected>' in text(answer)
    assert reload(world.owner.user).name == "Test Person"


def test_a_zone_of_ones_own_holds_on_every_page(browser: Browser, world: World) -> None:
    Workspace.objects.filter(pk=world.owner.workspace_id).update(timezone="Europe/Paris")
    client = browser(world.owner)
    assert "Times in Europe/Paris." in text(client.get("/onlyfans"))
    client.post("/settings/profile", PROFILE | {"timezone": "Asia/Tokyo"})
    assert "Times in Asia/Tokyo." in text(client.get("/onlyfans"))
    client.post("/settings/profile", PROFILE)
    assert "Times in Europe/Paris." in text(client.get("/onlyfans"))


def test_an_owner_changes_the_workspace(browser: Browser, world: World) -> None:
    answer = browser(world.owner).post("/settings/workspace", WORKSPACE, follow=True)
    assert "The workspace&#x27;s settings are saved." in text(answer)
    row = Workspace.objects.get(pk=world.owner.workspace_id)
    assert (row.name, row.timezone, row.currency) == ("Atelier", "Europe/Paris", "EUR")


def test_a_zone_that_nobody_knows_changes_nothing(browser: Browser, world: World) -> None:
    answer = browser(world.owner).post("/settings/workspace", WORKSPACE | {"timezone": "Mars/Base"})
    assert answer.status_code == 422
    assert Workspace.objects.get(pk=world.owner.workspace_id).name == "Ours"


@pytest.mark.parametrize("kind", ["manager", "chatter"])
def test_the_others_are_not_offered_the_workspace(browser: Browser, world: World, kind: str) -> None:
    client = browser(getattr(world, kind))
    page = client.get("/settings")
    assert (page.status_code, "Name of the workspace" in text(page)) == (200, False)
    assert client.post("/settings/workspace", WORKSPACE).status_code == 403
    assert client.post("/settings/profile", PROFILE).status_code == 302
    assert Workspace.objects.get(pk=world.owner.workspace_id).name == "Ours"


def test_nobody_is_led_to_sign_in(browser: Browser, db: None) -> None:
    assert browser().get("/settings")["Location"] == "/signin?next=/settings"
    for path in ("/settings/profile", "/settings/workspace", "/workspace"):
        assert browser().post(path)["Location"].startswith("/signin")


def test_a_person_without_a_workspace_has_settings_too(db: None) -> None:
    client = Client()
    client.force_login(UserFactory())
    assert client.get("/settings").status_code == 200
    assert client.post("/settings/profile", PROFILE | {"locale": "fr"}).status_code == 302
    assert User.objects.get().locale == "fr"


# --- another workspace


@pytest.fixture
def two_places(world: World) -> World:
    MembershipFactory(user=world.owner.user, workspace=world.outsider.workspace, role="chatter")
    return world


def test_the_switcher_shows_only_where_there_is_a_choice(browser: Browser, world: World) -> None:
    assert 'action="/workspace"' not in text(browser(world.owner).get("/settings"))
    MembershipFactory(user=world.owner.user, workspace=world.outsider.workspace, role="chatter")
    page = text(browser(world.owner).get("/settings"))
    assert 'action="/workspace"' in page
    assert f'value="{world.owner.workspace.public_id}" aria-current="true"' in page
    assert f'value="{world.outsider.workspace.public_id}">' in page


def test_switching_changes_rights_and_pages_at_once(browser: Browser, two_places: World) -> None:
    client, there = browser(two_places.owner), two_places.outsider.workspace
    assert client.get("/team").status_code == 200
    answer = client.post("/workspace", {"workspace": there.public_id})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    page = text(client.get("/settings"))
    assert f'value="{there.public_id}" aria-current="true"' in page
    assert client.get("/team").status_code == 403
    with cross_workspace("demo"):
        row = AuditEvent.objects.get(action="auth.workspace_chosen")
    assert (row.workspace_id, row.actor_user_id) == (there.pk, two_places.owner.user_id)


def test_the_session_goes_on_under_a_new_cookie_and_the_old_one_is_over(
    browser: Browser, two_places: World, settings: Any
) -> None:
    client = browser(two_places.owner)
    name = settings.SESSION_COOKIE_NAME
    before = client.cookies[name].value
    client.post("/workspace", {"workspace": two_places.outsider.workspace.public_id})
    after = client.cookies[name].value
    assert after != before
    assert not BrowserSession.objects.filter(session_key=row_key(before)).exists()
    stale = Client()
    stale.cookies[name] = before
    assert stale.get("/settings").status_code == 302


@pytest.mark.parametrize("state", ["stranger", "ended", "unknown", "suspended"])
def test_no_way_into_what_is_not_ones_own(browser: Browser, world: World, state: str, settings: Any) -> None:
    there = world.outsider.workspace
    if state == "ended":
        ended = datetime(2026, 1, 16, tzinfo=UTC)
        MembershipFactory(user=world.owner.user, workspace=there, role="chatter", ended_at=ended)
    if state == "suspended":
        MembershipFactory(user=world.owner.user, workspace=there, role="chatter")
        Workspace.objects.filter(pk=there.pk).update(status="suspended")
    client = browser(world.owner)
    before = client.cookies[settings.SESSION_COOKIE_NAME].value
    wanted = "wsp_nothing" if state == "unknown" else there.public_id
    assert client.post("/workspace", {"workspace": wanted}).status_code == 404
    assert client.cookies[settings.SESSION_COOKIE_NAME].value == before
    assert client.get("/team").status_code == 200


@pytest.mark.parametrize("way", ["switched", "suspended"])
def test_a_form_of_one_workspace_does_nothing_in_another(two_places: World, way: str) -> None:
    """The person owns both, so that only the form's own token stands between the tab of one and the other."""
    there = two_places.outsider.workspace
    with cross_workspace("demo"):
        Membership.objects.filter(user=two_places.owner.user, workspace=there).update(role="owner")
    client = Client(enforce_csrf_checks=True)
    client.force_login(two_places.owner.user)
    client.get("/team")
    open_form = {"csrfmiddlewaretoken": client.cookies["csrftoken"].value, "stage_name": "Nova"}
    if way == "switched":
        token = {"csrfmiddlewaretoken": client.cookies["csrftoken"].value}
        assert client.post("/workspace", {"workspace": there.public_id} | token).status_code == 302
    else:
        Workspace.objects.filter(pk=two_places.owner.workspace_id).update(status="suspended")
    assert client.post("/team/creators", open_form).status_code == 403
    with cross_workspace("demo"):
        assert not Creator.objects.filter(stage_name="Nova").exists()
    assert client.get("/settings").wsgi_request.workspace == there


def test_a_wall_in_one_workspace_leaves_the_way_to_another(
    browser: Browser, two_places: World, settings: Any
) -> None:
    settings.MFA_REQUIRED_ROLES = ["owner"]
    with time_machine.travel(datetime(2026, 3, 1, tzinfo=UTC), tick=False):
        client = browser(two_places.owner)
        assert client.get("/team")["Location"].startswith("/settings/security")
        assert 'action="/workspace"' in text(client.get("/settings/security"))
        client.post("/workspace", {"workspace": two_places.outsider.workspace.public_id})
        assert client.get("/settings").status_code == 200
