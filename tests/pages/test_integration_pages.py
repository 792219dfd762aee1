"""The pages of connected accounts: what they say, who may act on them, and what only one answer may frame."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Connection, Consent, PlatformAccount, User
from accounts.sessions import note_proof
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from tests.conftest import World
from tests.sandbox.server import Sandbox

Browser = Callable[..., Client]
ROOT = "/settings/integrations"


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


def put(account: PlatformAccount, **fields: Any) -> None:
    with cross_workspace("demo"):
        PlatformAccount.objects.filter(pk=account.pk).update(**fields)


def agree(client: Client, world: World, **more: Any) -> Any:
    return client.post(f"{ROOT}/onlyfans/new", {"creator": world.creator.public_id, "consent": "on"} | more)


def test_it_lists_states_with_reasons_in_words(browser: Browser, world: World) -> None:
    put(world.account, state="needs_code", state_reason="accounts.otp_code_required")
    text = browser(world.owner).get(ROOT).content.decode()
    assert "A code is asked for" in text
    assert "OnlyFans sent the creator a code: connect again and type it in." in text
    assert f"{ROOT}/onlyfans/accounts/{world.account.public_id}/reconnect" in text
    assert world.outsider_account.public_id not in text


def test_in_french_too(browser: Browser, world: World) -> None:
    put(world.account, state="expired", state_reason="accounts.session_expired")
    User.objects.filter(pk=world.owner.user_id).update(locale="fr")
    world.owner.user.refresh_from_db()
    text = browser(world.owner).get(ROOT).content.decode()
    assert "La session a expiré" in text


def test_a_chatter_sees_the_assigned_account_and_no_button(browser: Browser, world: World) -> None:
    text = browser(world.chatter).get(ROOT).content.decode()
    assert (world.account.handle in text, world.other_account.handle in text) == (True, False)
    assert "Disconnect" not in text
    assert browser(world.chatter).get(f"{ROOT}/onlyfans/new").status_code == 403


def test_a_platform_without_keys_says_so(proved: Any, world: World, settings: Any) -> None:
    settings.ONLYFANSAPI_API_KEY = ""
    client = proved(world.owner)
    assert client.get(ROOT).content.decode().count("Not configured by the operator.") == 4
    page = client.get(f"{ROOT}/onlyfans/new").content.decode()
    assert ("Not configured by the operator." in page, "Agree and go on" in page) == (True, False)
    assert agree(client, world).status_code == 409


def test_connecting_asks_who_it_is_first(browser: Browser, world: World) -> None:
    answer = browser(world.owner).get(f"{ROOT}/onlyfans/new")
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/confirm")


def test_the_box_is_empty_and_has_to_be_ticked(proved: Any, world: World) -> None:
    client = proved(world.owner)
    page = client.get(f"{ROOT}/onlyfans/new").content.decode()
    assert 'name="consent"' in page
    assert "checked" not in page
    answer = client.post(f"{ROOT}/onlyfans/new", {"creator": world.creator.public_id})
    assert (
        answer.status_code,
        "Without this agreement nothing is connected." in answer.content.decode(),
    ) == (
        422,
        True,
    )
    with cross_workspace("demo"):
        assert not Consent.objects.exists()


def test_the_vendors_page_is_framed_by_one_answer(proved: Any, world: World, platform: Sandbox) -> None:
    client = proved(world.owner)
    answer = agree(client, world)
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store, private")
    found = re.search(r'<iframe class="frame" src="([^"]+)"', answer.content.decode())
    assert found
    assert found[1].startswith(f"{platform.url}/onlyfansapi/embed-auth/ofapi_cs_")
    assert f"frame-src {platform.url}" in answer["Content-Security-Policy"]
    with cross_workspace("demo"):
        row = Connection.objects.get()
    later = client.get(f"{ROOT}/onlyfans/connections/{row.public_id}")
    assert ("<iframe" in later.content.decode(), "frame-src" in later["Content-Security-Policy"]) == (
        False,
        False,
    )


def test_reconnecting_by_code(proved: Any, world: World, platform: Sandbox) -> None:
    put(world.account, external_id=platform.account, state="needs_code")
    platform.fault("otp_required", count=1)
    platform.api("GET", "/{account}/chats")
    client = proved(world.owner)
    begun = client.post(f"{ROOT}/onlyfans/accounts/{world.account.public_id}/reconnect", {"consent": "on"})
    assert begun.status_code == 302
    address = begun["Location"]
    client.post(f"{address}/check")
    assert "OnlyFans asks for a code" in client.get(address).content.decode()
    assert client.post(f"{address}/code", {"code": "!"}).status_code == 422
    client.post(f"{address}/code", {"code": "000000"})
    assert "The code is wrong. It can be tried again." in client.get(address).content.decode()
    client.post(f"{address}/code", {"code": "123456"})
    assert "The fans are being read in" in client.get(address).content.decode()
    with cross_workspace("demo"):
        assert PlatformAccount.objects.get(pk=world.account.pk).state == "connected"


def test_a_vendor_that_is_away_is_said(proved: Any, world: World, settings: Any, unused_port: int) -> None:
    settings.ONLYFANSAPI_BASE_URL = f"http://127.0.0.1:{unused_port}"
    settings.ONLYFANSAPI_API_KEY = "ofapi_x"
    answer = agree(proved(world.owner), world)
    assert (answer.status_code, "OnlyFansAPI could not be reached." in answer.content.decode()) == (503, True)


def test_disconnecting_from_the_page(browser: Browser, world: World) -> None:
    address = f"{ROOT}/onlyfans/accounts/{world.account.public_id}/disconnect"
    assert browser(world.outsider).post(address).status_code == 404
    assert browser(world.chatter).post(address).status_code == 403
    client = browser(world.owner)
    assert client.post(address)["Location"] == ROOT
    text = client.get(ROOT).content.decode()
    assert ("Nothing is sent from it any more." in text, "A member disconnected it." in text) == (True, True)
