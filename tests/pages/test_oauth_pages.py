"""The pages of Instagram, TikTok and WhatsApp: the consent, the way there and back, and what is said of it."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client

from accounts.models import AuditEvent, Connection, PlatformAccount, User
from accounts.sessions import note_proof
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from tests.conftest import World
from tests.sandbox.server import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
Browser = Callable[..., Client]
ROOT = "/settings/integrations"
REFUSED = "This answer belongs to no attempt of yours; start a new one"


@pytest.fixture
def proved(browser: Browser) -> Callable[[Any], Client]:
    """`proved(member)` gave their password just now."""

    def make(member: Any) -> Client:
        client = browser(member)
        session = client.session
        note_proof(session, clock.now())
        session.save()
        return client

    return make


def agree(client: Client, world: World, vendor: str = "instagram") -> Any:
    return client.post(f"{ROOT}/{vendor}/new", {"creator": world.creator.public_id, "consent": "on"})


def returned(client: Client, back: dict[str, str]) -> Any:
    """The browser follows the platform's redirect."""
    return client.get(back["path"], {name: value for name, value in back.items() if name != "path"})


def why() -> list[str]:
    with cross_workspace("demo"):
        rows = AuditEvent.objects.filter(action="connection.callback_refused").order_by("pk")
        return [row.changes["why"] for row in rows]


def test_the_page_says_what_is_asked_for_and_its_form_may_lead_there(
    proved: Any, world: World, platform: Sandbox
) -> None:
    answer = proved(world.owner).get(f"{ROOT}/tiktok/new")
    text = answer.content.decode()
    for words in ("see the account", "read its figures", "publish videos", "own page"):
        assert words in text
    assert "OnlyFansAPI" not in text
    assert f"form-action 'self' {platform.url}" in answer["Content-Security-Policy"]


def test_from_the_consent_to_the_platform_and_back(proved: Any, world: World, platform: Sandbox) -> None:
    client = proved(world.owner)
    begun = agree(client, world)
    assert (begun.status_code, begun["Cache-Control"]) == (302, "no-store, private")
    assert begun["Location"].startswith(f"{platform.url}/instagram/www/oauth/authorize?")
    back = platform.agree(begun["Location"])
    done = returned(client, back)
    assert done.status_code == 302
    assert re.fullmatch(rf"{ROOT}/instagram/connections/cnx_\w+", done["Location"])
    text = client.get(done["Location"]).content.decode()
    assert "The access is kept encrypted and renewed by itself." in text
    text = client.get(ROOT).content.decode()
    assert "lunamartel.ig" in text


def test_a_refusal_is_said(proved: Any, world: World, platform: Sandbox) -> None:
    client = proved(world.owner)
    done = returned(client, platform.agree(agree(client, world)["Location"], "refuse"))
    text = client.get(done["Location"]).content.decode()
    assert "It was refused on the platform&#x27;s page. Nothing was connected." in text


def test_another_session_of_the_same_person_can_not_bring_it(
    proved: Any, world: World, platform: Sandbox
) -> None:
    here, there = proved(world.owner), proved(world.owner)
    back = platform.agree(agree(here, world)["Location"])
    done = returned(there, back)
    assert done["Location"] == ROOT
    assert REFUSED in there.get(ROOT).content.decode()
    assert returned(here, back)["Location"] == ROOT
    assert why() == ["other_session", "replayed"]
    assert platform.oauth("instagram")["counts"]["exchanged"] == 0


def test_an_attempt_of_a_browser_is_not_finished_through_the_api(
    proved: Any, api: Any, world: World, platform: Sandbox
) -> None:
    back = platform.agree(agree(proved(world.owner), world)["Location"])
    body = {"state": back["state"], "code": back["code"]}
    answer = api(world.owner).post("/api/integrations/instagram/callback", body, format="json")
    assert (answer.status_code, why()) == (409, ["other_session"])


def test_somebody_else_in_the_same_browser_can_not_bring_it(
    proved: Any, world: World, platform: Sandbox
) -> None:
    back = platform.agree(agree(proved(world.owner), world)["Location"])
    assert returned(proved(world.manager), back)["Location"] == ROOT
    assert why() == ["other_person"]


def test_nobody_is_led_to_sign_in(browser: Browser, world: World) -> None:
    answer = browser().get(f"{ROOT}/instagram/callback", {"state": "x", "code": "y"})
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/signin")
    assert browser(world.chatter).get(f"{ROOT}/instagram/callback").status_code == 403
    assert browser(world.owner).get(f"{ROOT}/onlyfans/callback").status_code == 404
    assert browser(world.owner).head(f"{ROOT}/instagram/callback").status_code == 405


def test_a_number_is_chosen_on_a_page_without_script(proved: Any, world: World, platform: Sandbox) -> None:
    client = proved(world.owner)
    begun = agree(client, world, "whatsapp")
    done = returned(client, platform.agree(begun["Location"], person="102290129340399"))
    text = client.get(done["Location"]).content.decode()
    assert ("Which account is it?" in text, "+44 7700 900003" in text) == (True, True)
    address = f"{done['Location']}/choose"
    client.post(address, {"choice": "7"})
    assert "Choose one of the accounts that were shared." in client.get(done["Location"]).content.decode()
    client.post(address, {"choice": "106540352242924"})
    with cross_workspace("demo"):
        assert PlatformAccount.objects.get(platform="whatsapp").handle == "+44 7700 900003"


def test_again_after_the_access_was_taken_back(proved: Any, world: World, platform: Sandbox) -> None:
    client = proved(world.owner)
    returned(client, platform.agree(agree(client, world)["Location"]))
    with cross_workspace("demo"):
        account = PlatformAccount.objects.get(platform="instagram")
        PlatformAccount.objects.filter(pk=account.pk).update(state="expired", state_reason="revoked")
    text = client.get(ROOT).content.decode()
    assert "Has to be connected again" in text
    address = f"{ROOT}/instagram/accounts/{account.public_id}/reconnect"
    assert address in text
    begun = client.post(address, {"consent": "on"})
    returned(client, platform.agree(begun["Location"]))
    account.refresh_from_db()
    assert account.state == "connected"


def test_a_platform_without_an_application_has_no_button(
    proved: Any, world: World, platform: Sandbox, settings: Any
) -> None:
    settings.INSTAGRAM_APP_SECRET = ""
    client = proved(world.owner)
    text = client.get(ROOT).content.decode()
    assert (text.count("Not configured by the operator."), f"{ROOT}/instagram/new" in text) == (1, False)
    page = client.get(f"{ROOT}/instagram/new")
    assert "Not configured by the operator." in page.content.decode()
    assert agree(client, world).status_code == 409
    with cross_workspace("demo"):
        assert not Connection.objects.exists()


def test_in_french_too(proved: Any, world: World, platform: Sandbox) -> None:
    User.objects.filter(pk=world.owner.user_id).update(locale="fr")
    world.owner.user.refresh_from_db()
    client = proved(world.owner)
    assert "publier des vidéos" in client.get(f"{ROOT}/tiktok/new").content.decode()
    done = returned(client, platform.agree(agree(client, world)["Location"], "refuse"))
    assert "Rien n’a été connecté." in client.get(done["Location"]).content.decode()


def test_the_address_of_the_platform_is_kept_nowhere(proved: Any, world: World, platform: Sandbox) -> None:
    client = proved(world.owner)
    begun = agree(client, world)
    state = dict(parse_qsl(urlsplit(begun["Location"]).query))["state"]
    with cross_workspace("demo"):
        row = Connection.objects.get()
    assert state not in client.get(f"{ROOT}/instagram/connections/{row.public_id}").content.decode()
