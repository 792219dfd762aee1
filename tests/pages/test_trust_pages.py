"""The pages of keys, audit log and privacy: who sees them, what they show once, and what they do."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import ApiKey, PrivacyRequest, Workspace
from accounts.rules.api_keys import found_in
from accounts.services.privacy import work
from accounts.sessions import note_proof
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from tests.conftest import World
from tests.factories.accounts import api_key

Browser = Callable[..., Client]
KEY = {"name": "Reports", "scopes": ["messaging:read"], "lifetime": "30", "allowed_ips": "192.0.2.0/24"}


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


def keys() -> list[ApiKey]:
    with cross_workspace("demo"):
        return list(ApiKey.objects.order_by("pk"))


def test_a_new_key_is_on_the_page_once(proved: Any, world: World) -> None:
    client = proved(world.owner)
    answer = client.post("/settings/keys/new", KEY)
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store, private")
    assert len(found_in(answer.content.decode())) == 1
    page = client.get("/settings/keys").content.decode()
    assert (found_in(page), "Reports" in page, "192.0.2.0/24" in page) == ([], True, True)


def test_what_is_wrong_with_a_key_stands_beside_its_field(proved: Any, world: World) -> None:
    answer = proved(world.owner).post("/settings/keys/new", KEY | {"allowed_ips": "home"})
    assert answer.status_code == 422
    assert "Use an IP address or a range" in answer.content.decode()
    assert keys() == []


def test_a_key_is_replaced_and_revoked(proved: Any, world: World) -> None:
    api_key(world.owner)
    client, key = proved(world.owner), keys()[0]
    page = client.post(f"/settings/keys/{key.public_id}/replace").content.decode()
    assert len(found_in(page)) == 1
    assert client.post(f"/settings/keys/{keys()[1].public_id}/revoke")["Location"] == "/settings/keys"
    assert [row.revoked_at is None for row in keys()] == [True, False]


def test_making_a_key_asks_for_the_password_first(browser: Browser, world: World) -> None:
    answer = browser(world.owner).post("/settings/keys/new", KEY)
    assert answer["Location"].startswith("/confirm")
    assert keys() == []


@pytest.mark.parametrize("path", ["/settings/keys", "/settings/audit"])
def test_chatters_do_not_get_in(browser: Browser, world: World, path: str) -> None:
    assert browser(world.owner).get(path).status_code == 200
    assert browser(world.chatter).get(path).status_code == 403
    assert browser().get(path).status_code == 302


def test_somebody_elses_key_is_no_page(proved: Any, world: World) -> None:
    api_key(world.owner)
    assert proved(world.outsider).post(f"/settings/keys/{keys()[0].public_id}/revoke").status_code == 404
    assert keys()[0].revoked_at is None


def test_the_log_is_searched(proved: Any, world: World) -> None:
    client = proved(world.owner)
    client.post("/settings/keys/new", KEY)
    assert "key.created" in client.get("/settings/audit?action=key.created").content.decode()
    assert "Nothing found" in client.get("/settings/audit?action=key.revoked&after=x").content.decode()


def test_an_export_is_asked_for_and_downloaded(proved: Any, world: World) -> None:
    client = proved(world.owner)
    assert client.post("/settings/privacy/exports", {"scope": "workspace"})["Location"] == "/settings/privacy"
    work.run_due()
    with cross_workspace("demo"):
        row = PrivacyRequest.objects.get()
    path = f"/settings/privacy/requests/{row.public_id}/files"
    assert path in client.get("/settings/privacy").content.decode()
    with zipfile.ZipFile(io.BytesIO(b"".join(client.get(path).streaming_content))) as archive:
        assert "fans.csv" in archive.namelist()
    assert proved(world.outsider).get(path).status_code == 404


def test_an_erasure_is_shown_then_asked_for_then_taken_back(proved: Any, world: World) -> None:
    client = proved(world.owner)
    page = client.get("/settings/privacy/erase?scope=workspace").content.decode()
    assert "The audit log, without names" in page
    with cross_workspace("demo"):
        assert not PrivacyRequest.objects.exists()
    client.post("/settings/privacy/erase", {"scope": "workspace", "typed": "Ours"})
    assert Workspace.objects.get(pk=world.owner.workspace_id).status == "closing"
    with cross_workspace("demo"):
        row = PrivacyRequest.objects.get()
    client.post(f"/settings/privacy/requests/{row.public_id}/undo")
    assert Workspace.objects.get(pk=world.owner.workspace_id).status == "active"


def test_a_chatter_asks_for_themselves_only(proved: Any, world: World) -> None:
    client = proved(world.chatter)
    page = client.get("/settings/privacy").content.decode()
    assert ("Export my own data" in page, "Export the whole workspace" in page) == (True, False)
    assert client.get("/settings/privacy/erase?scope=workspace").status_code == 403
    assert client.get("/settings/privacy/erase?scope=planet").status_code == 404
    assert client.post("/settings/privacy/exports", {"scope": "me"}).status_code == 302
