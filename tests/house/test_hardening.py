"""What was tried against the doors once, and must not work again."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import AuditEvent, PlatformAccount
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Delivery
from messaging.rules import onlyfans_events as events
from messaging.services.inbound_handlers import account_changed
from tests.factories.accounts import PASSWORD, UserFactory

SEND = "/api/onlyfans/messaging/send"


def looker(group: str) -> Any:
    staff = UserFactory(is_staff=True)
    staff.groups.set([Group.objects.get(name=group)])
    return staff


def test_staff_who_may_only_look_can_not_act(world: Any, client: Client) -> None:
    client.force_login(looker("finance"))
    page = "/admin/accounts/platformaccount/"
    assert "pause_sending" not in client.get(page).content.decode()
    client.post(page, {"action": "pause_sending", "_selected_action": [world.account.pk]})
    with cross_workspace("demo"):
        assert not PlatformAccount.objects.get(pk=world.account.pk).is_sending_paused
    client.force_login(looker("support"))
    client.post(page, {"action": "pause_sending", "_selected_action": [world.account.pk]})
    with cross_workspace("demo"):
        assert PlatformAccount.objects.get(pk=world.account.pk).is_sending_paused


def test_the_admin_has_no_sign_in_door_of_its_own(world: Any, client: Client) -> None:
    answer = client.get("/admin/login/?next=/admin/messaging/")
    assert (answer.status_code, answer["Location"]) == (302, "/signin?next=/admin/messaging/")
    client.force_login(world.owner.user)
    assert client.get("/admin/login/").status_code == 403


def test_the_admin_has_no_door_of_its_own_to_passwords(db: None, client: Client) -> None:
    """Django's own form would leave other sessions alive, and nobody would be told."""
    staff = looker("finance")
    client.force_login(staff)
    new = {"old_password": PASSWORD, "new_password1": "Another-horse-8", "new_password2": "Another-horse-8"}
    answer = client.post("/admin/password_change/", new)
    assert (answer.status_code, answer["Location"]) == (302, "/settings/security")
    staff.refresh_from_db()
    assert staff.check_password(PASSWORD)


@pytest.mark.parametrize("path", ["workspaces/wsp_0/leave", "creators/crt_0/stop", "creators/crt_0/resume"])
def test_a_method_that_is_not_taken_is_a_405_for_strangers_too(db: None, path: str) -> None:
    answer = APIClient().get(f"/api/{path}")
    assert (answer.status_code, "error" in answer.json()) == (405, True)


def test_a_hidden_column_is_no_filter(db: None, client: Client) -> None:
    client.force_login(looker("finance"))
    answer = client.get("/admin/accounts/user/?password__startswith=argon2")
    assert answer.status_code in {302, 400}
    assert "result_list" not in answer.content.decode()


@pytest.mark.parametrize("path", [SEND, "/api/auth/signin", "/api/auth/logout"])
def test_a_body_over_a_mebibyte_is_a_413(world: Any, api: Any, path: str) -> None:
    client: APIClient = api(world.owner) if path == SEND else api()
    answer = client.post(path, b'"' + b"x" * 1_100_000 + b'"', content_type="application/json")
    assert (answer.status_code, answer.json()["error"]) == (413, "The request body is too large")


def test_log_out_everywhere_ends_browser_sessions(world: Any, client: Client) -> None:
    client.force_login(world.owner.user)
    program = APIClient()
    program.post("/api/auth/signin", {"email": world.owner.user.email, "password": PASSWORD}, format="json")
    assert client.get("/onlyfans").status_code == 200
    assert program.post("/api/auth/logout", {"everywhere": True}, format="json").status_code == 200
    assert client.get("/onlyfans").status_code == 302


def test_a_keys_own_limit_has_a_bucket_of_its_own(world: Any, api: Any, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 60
    busy, other = api(world.owner, requests_per_minute=1000), api(world.owner)
    assert {busy.get("/api/onlyfans/messaging/status").status_code for _ in range(61)} == {200}
    assert other.get("/api/onlyfans/messaging/status").status_code == 200


@pytest.mark.parametrize("price", ["", "1e2", "1_0", "٣", "-0", "5\n", " 5", "5.", True])
def test_a_price_is_plain_digits(world: Any, api: Any, price: Any) -> None:
    body = {"recipientId": world.fan.public_id, "content": "Hello", "price": price, "mediaIds": ["90210"]}
    answer = api(world.owner).post(SEND, json.dumps(body), content_type="application/json")
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (400, "price")
    with cross_workspace("demo"):
        assert Delivery.objects.count() == 0


@pytest.mark.parametrize("text", ["\u200b", "\u00ad\u2060", "\u2800", "\u3164 \u115f", " \n\t "])
def test_a_message_that_shows_nothing_is_empty(world: Any, api: Any, text: str) -> None:
    body = {"recipientId": world.fan.public_id, "content": text}
    answer = api(world.owner).post(SEND, body, format="json")
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (400, "content")


@pytest.mark.parametrize(("method", "path"), [("get", "forecast"), ("get", "fans"), ("post", "recipient")])
def test_a_fragment_without_an_account_is_a_400(world: Any, client: Client, method: str, path: str) -> None:
    client.force_login(world.owner.user)
    assert getattr(client, method)(f"/onlyfans/{path}", {"recipient": "x"}).status_code == 400


def test_a_fan_s_handle_is_never_in_an_address(world: Any, client: Client) -> None:
    """It would stand in the logs of every proxy on the way."""
    client.force_login(world.owner.user)
    sent = {"account": world.account.public_id, "recipient": "x"}
    assert client.get("/onlyfans/recipient", sent).status_code == 405


def test_a_broken_address_of_the_page_before_is_ignored(db: None, client: Client) -> None:
    answer = client.get("/onlyfans/figures", headers={"HX-Request": "true", "HX-Current-URL": "http://["})
    assert (answer.status_code, answer["HX-Redirect"]) == (401, "/signin?next=/")


def test_news_from_the_future_does_not_lock_an_account(world: Any) -> None:
    now = clock.now()
    far = {"latestAuthAttempt": {"completed_at": "9999-01-01T00:00:00Z"}}
    with cross_workspace("demo"):
        account_changed(world.account, events.AccountState.EXPIRED, "accounts.session_expired", far, now)
        later = now + timedelta(seconds=1)
        account_changed(world.account, events.AccountState.CONNECTED, "accounts.reconnected", {}, later)
        assert PlatformAccount.objects.get(pk=world.account.pk).state == "connected"


def test_a_dashboard_sign_in_is_audited(world: Any, client: Client) -> None:
    client.post("/signin", {"email": world.owner.user.email, "password": PASSWORD})
    with cross_workspace("demo"):
        row = AuditEvent.objects.get(action="auth.signed_in")
    assert (row.actor_member_id, row.changes) == (world.owner.pk, {"door": "dashboard"})


@pytest.mark.parametrize("path", ["/nothing", "/api/nothing"])
def test_error_answers_are_not_kept(db: None, client: Client, path: str) -> None:
    assert client.get(path)["Cache-Control"] == "no-store"


@pytest.mark.parametrize("value", ["x" * 41, "a\x00b", "\ud800", True, None, 1.5, []])
def test_what_can_be_no_id_is_none(value: Any) -> None:
    assert events.text_of(value) == ""
