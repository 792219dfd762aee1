"""A cookie is new with each proof of who one is; ending sessions asks for one; and an operator ends them all."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import BrowserSession, User
from accounts.services.factors import new_recovery_codes
from accounts.sessions import row_key
from tests.accounts.factors import with_app
from tests.factories.accounts import NOW, PASSWORD

SESSIONS, STATUS = "/api/auth/sessions", "/api/onlyfans/messaging/status"


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def cookie(client: Client) -> str:
    return str(client.cookies[settings.SESSION_COOKIE_NAME].value)


def browser(user: User) -> Client:
    client = Client()
    assert client.post("/signin", {"email": user.email, "password": PASSWORD}).status_code == 302
    return client


def program(user: User) -> APIClient:
    client = APIClient()
    body = {"email": user.email, "password": PASSWORD}
    token = client.post("/api/auth/signin", body, format="json").json()["accessToken"]
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def with_cookie(value: str) -> Client:
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = value
    return client


def test_a_cookie_from_before_the_sign_in_is_worth_nothing_after_it(world: Any) -> None:
    user = world.owner.user
    with_app(user, NOW)
    client = browser(user)
    half_way = cookie(client)
    assert client.post("/signin/code", {"code": _fresh_codes(user)[0]}).status_code == 302
    assert cookie(client) != half_way
    assert with_cookie(half_way).get("/onlyfans").status_code == 302
    assert client.get("/onlyfans").status_code == 200


def _fresh_codes(user: User) -> list[str]:
    return new_recovery_codes(user=user, now=NOW)


def test_a_cookie_from_before_a_proof_is_worth_nothing_after_it(world: Any) -> None:
    client = browser(world.owner.user)
    before = cookie(client)
    assert client.post("/confirm", {"password": PASSWORD, "next": "/onlyfans"}).status_code == 302
    assert cookie(client) != before
    assert [with_cookie(before).get("/onlyfans").status_code, client.get("/onlyfans").status_code] == [
        302,
        200,
    ]
    assert list(BrowserSession.objects.values_list("session_key", flat=True)) == [row_key(cookie(client))]


def test_each_sign_in_of_a_program_is_a_session_of_its_own(world: Any) -> None:
    client, user = APIClient(), world.owner.user
    body = {"email": user.email, "password": PASSWORD}
    found = []
    for _ in range(2):
        client.post("/api/auth/signin", body, format="json")
        found.append(client.cookies[settings.REFRESH_COOKIE_NAME].value)
    assert len(set(found)) == 2


def test_ending_a_session_asks_who_is_there(world: Any, clock: Any) -> None:
    user = world.owner.user
    here, page, other = program(user), browser(user), browser(user)
    row = BrowserSession.objects.get(session_key=row_key(cookie(other)))
    clock.shift(timedelta(minutes=10, seconds=1))
    answer = here.delete(f"{SESSIONS}/{row.public_id}")
    assert (answer.status_code, answer.json()["code"]) == (403, "step_up_required")
    for path in (f"/settings/security/sessions/{row.public_id}/end", "/settings/security/sessions/end"):
        assert page.post(path)["Location"].startswith("/confirm?next=")
    assert other.get("/onlyfans").status_code == 200
    page.post("/confirm", {"password": PASSWORD})
    assert page.post(f"/settings/security/sessions/{row.public_id}/end").status_code == 302
    assert other.get("/onlyfans").status_code == 302


def test_who_changed_a_factor_finds_the_way_to_end_all_other_sessions(world: Any) -> None:
    client = browser(world.owner.user)
    with_app(world.owner.user, NOW)
    (code, *_) = _fresh_codes(world.owner.user)
    sent = {"password": PASSWORD, "code": code}
    page = client.post("/settings/security/app/off", sent, follow=True).content.decode()
    assert "The authenticator app is off." in page
    assert 'action="/settings/security/sessions/end"' in page


def test_an_operator_ends_somebody_s_sessions(world: Any) -> None:
    theirs = [program(world.owner.user), browser(world.owner.user)]
    others = browser(world.manager.user)
    call_command("end_sessions", world.owner.user.email.upper())
    assert [theirs[0].get(STATUS).status_code, theirs[1].get("/onlyfans").status_code] == [401, 302]
    assert others.get("/onlyfans").status_code == 200
    with pytest.raises(CommandError, match="nobody has this address"):
        call_command("end_sessions", "nobody@example.test")


def test_an_operator_ends_everybody_s_sessions(world: Any, capsys: Any) -> None:
    programs = [program(member.user) for member in (world.owner, world.outsider)]
    page = browser(world.manager.user)
    call_command("end_sessions", "--everybody")
    assert f"{User.objects.count()} people are signed out" in capsys.readouterr().out
    assert [client.get(STATUS).status_code for client in programs] == [401, 401]
    assert [client.post("/api/auth/refresh", {}, format="json").status_code for client in programs] == [
        401,
        401,
    ]
    assert page.get("/onlyfans").status_code == 302
    with pytest.raises(CommandError):
        call_command("end_sessions")


def test_somebody_who_is_switched_off_is_out_at_once(world: Any, api: Any) -> None:
    user = world.owner.user
    ways = [(program(user), STATUS), (browser(user), "/onlyfans"), (api(world.owner), STATUS)]
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert [client.get(path).status_code for client, path in ways] == [401, 302, 401]
