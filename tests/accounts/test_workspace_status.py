"""A workspace's status decides who gets in: by token, key, refresh and browser, and what is left to do."""

from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import Workspace
from accounts.rules.capabilities import only_reading
from tests.factories.accounts import PASSWORD

pytestmark = pytest.mark.django_db
SHUT = pytest.mark.parametrize("status", ["suspended", "erased"])
STATUS = "/api/onlyfans/messaging/status"
SEND = "/api/onlyfans/messaging/send"


def put(world: Any, status: str) -> None:
    Workspace.objects.filter(pk=world.owner.workspace_id).update(status=status)


def signed_in(world: Any) -> tuple[APIClient, Any]:
    client = APIClient()
    body = {"email": world.owner.user.email, "password": PASSWORD}
    return client, client.post("/api/auth/signin", body, format="json")


@SHUT
def test_a_shut_workspace_lets_no_key_in(world: Any, api: Any, status: str) -> None:
    client = api(world.owner)
    assert client.get(STATUS).status_code == 200
    put(world, status)
    assert client.get(STATUS).status_code == 401


@SHUT
def test_a_shut_workspace_lets_no_token_in_and_refreshes_none(world: Any, status: str) -> None:
    client, answer = signed_in(world)
    put(world, status)
    header = {"HTTP_AUTHORIZATION": f"Bearer {answer.json()['accessToken']}"}
    assert APIClient().get(STATUS, **header).status_code == 401
    assert client.post("/api/auth/refresh", {}, format="json").status_code == 401


@SHUT
def test_a_shut_workspace_is_not_signed_in_to(world: Any, status: str) -> None:
    put(world, status)
    assert signed_in(world)[1].status_code == 401


@SHUT
def test_a_browser_that_was_signed_in_sees_nothing_of_a_shut_workspace(world: Any, status: str) -> None:
    browser = Client()
    browser.force_login(world.owner.user)
    assert browser.get("/onlyfans").status_code == 200
    put(world, status)
    assert browser.get("/onlyfans").status_code == 403


def test_a_read_only_workspace_is_looked_at_and_not_changed(world: Any, api: Any) -> None:
    put(world, "read_only")
    client = api(world.owner)
    body = {"recipientId": world.fan.public_id, "content": "Hello"}
    assert client.get(STATUS).status_code == 200
    assert client.post(SEND, body, format="json", HTTP_IDEMPOTENCY_KEY="k1").status_code == 403


def test_looking_is_all_that_reading_leaves() -> None:
    held = frozenset({"queue.view", "queue.manage", "messages.send", "audit.view"})
    assert only_reading(held) == {"queue.view", "audit.view"}
