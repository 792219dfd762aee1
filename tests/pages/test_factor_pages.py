"""Second factors on the pages: the second step, setting up and turning off, the notice and the wall."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import SecurityKey, TotpDevice, User
from tests.accounts.factors import shown, with_app
from tests.conftest import World
from tests.factories.accounts import NOW, PASSWORD, UserFactory

Browser = Callable[..., Client]


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def first_step(user: User, next_: str = "/onlyfans?show=sent") -> tuple[Client, Any]:
    client = Client()
    sent = {"email": user.email, "password": PASSWORD, "next": next_}
    return client, client.post("/signin", sent)


def signed_in(user: User) -> Client:
    client, answer = first_step(user)
    assert answer.status_code == 302
    return client


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_the_second_step_comes_between(world: World) -> None:
    _, codes = with_app(world.owner.user, NOW)
    client, answer = first_step(world.owner.user)
    assert answer["Location"] == "/signin/code?next=/onlyfans%3Fshow%3Dsent"
    assert client.get("/onlyfans").status_code == 302
    assert "Second step" in text(client.get(answer["Location"]))
    wrong = client.post("/signin/code", {"code": "000000", "next": "/onlyfans"})
    assert (wrong.status_code, "is not accepted" in text(wrong)) == (422, True)
    assert client.get("/onlyfans").status_code == 302
    right = client.post("/signin/code", {"code": codes[0], "next": "/onlyfans?show=sent"})
    assert (right.status_code, right["Location"]) == (302, "/onlyfans?show=sent")
    assert client.get("/onlyfans").status_code == 200


def test_the_second_step_alone_is_no_way_in(browser: Browser, world: World) -> None:
    _, codes = with_app(world.owner.user, NOW)
    client = browser()
    assert client.get("/signin/code")["Location"] == "/signin"
    assert client.post("/signin/code", {"code": codes[0]})["Location"] == "/signin"


def test_the_second_step_waits_for_ten_minutes(world: World, clock: Any) -> None:
    _, codes = with_app(world.owner.user, NOW)
    client, _ = first_step(world.owner.user)
    clock.shift(timedelta(minutes=10, seconds=1))
    assert client.post("/signin/code", {"code": codes[0]})["Location"] == "/signin"


def test_a_password_change_meanwhile_ends_the_waiting(world: World) -> None:
    _, codes = with_app(world.owner.user, NOW)
    client, _ = first_step(world.owner.user)
    User.objects.filter(pk=world.owner.user_id).update(session_version=2)
    assert client.post("/signin/code", {"code": codes[0]})["Location"] == "/signin"


def test_an_app_is_set_up_on_the_page(world: World) -> None:
    client = signed_in(world.owner.user)
    assert client.post("/settings/security/app/start")["Location"] == "/settings/security/app"
    page = text(client.get("/settings/security/app"))
    secret = page.split('<code class="select-all">')[1].split("<")[0]
    assert "<svg" in page
    wrong = client.post("/settings/security/app", {"code": "000000"})
    assert (wrong.status_code, "not the code" in text(wrong)) == (422, True)
    done = text(client.post("/settings/security/app", {"code": shown(secret, NOW)}))
    assert done.count("<li>") == 10
    assert "10 codes are left" in text(client.get("/settings/security"))
    assert client.get("/settings/security/app")["Location"] == "/settings/security"


def test_an_app_is_turned_off_with_password_and_code(world: World) -> None:
    _, codes = with_app(world.owner.user, NOW)
    client, _ = first_step(world.owner.user)
    client.post("/signin/code", {"code": codes[0]})
    wrong = client.post("/settings/security/app/off", {"password": "Wrong-password-1", "code": codes[1]})
    assert (wrong.status_code, "This is not your password." in text(wrong)) == (422, True)
    assert TotpDevice.objects.count() == 1
    done = client.post("/settings/security/app/off", {"password": PASSWORD, "code": codes[1]}, follow=True)
    assert "The authenticator app is off." in text(done)
    assert TotpDevice.objects.count() == 0


@pytest.mark.parametrize("path", ["app/start", "codes", "keys/new", "keys/wak_0/remove"])
def test_changing_factors_asks_who_is_there(world: World, clock: Any, path: str) -> None:
    client = signed_in(world.owner.user)
    clock.shift(timedelta(minutes=11))
    answer = client.post(f"/settings/security/{path}")
    assert answer["Location"].startswith("/confirm?next=")


def test_a_code_confirms_too(world: World, clock: Any) -> None:
    secret, codes = with_app(world.owner.user, NOW)
    client, _ = first_step(world.owner.user)
    client.post("/signin/code", {"code": codes[0]})
    clock.shift(timedelta(minutes=11))
    assert client.post("/confirm", {"code": "000000", "next": "/settings/security"}).status_code == 422
    assert client.post("/confirm", {"next": "/settings/security"}).status_code == 422
    code = shown(secret, NOW + timedelta(minutes=11))
    answer = client.post("/confirm", {"code": code, "next": "/settings/security"})
    assert answer["Location"] == "/settings/security"
    assert client.post("/settings/security/codes").status_code == 200


def test_a_forged_answer_of_a_key_adds_nothing(world: World) -> None:
    client = signed_in(world.owner.user)
    for response in ("{}", "[]", "null", "no json", '{"id": "x", "response": {}}'):
        client.get("/settings/security/keys/new")
        answer = client.post("/settings/security/keys/new", {"name": "Key", "response": response})
        assert (answer.status_code, "does not fit" in text(answer)) == (422, True)
    assert SecurityKey.objects.count() == 0


# --- compulsory


def test_the_notice_and_the_wall(world: World, settings: Any, clock: Any) -> None:
    settings.MFA_REQUIRED_ROLES = ["owner"]
    client = signed_in(world.owner.user)
    assert "Your role needs a second factor from" in text(client.get("/onlyfans"))
    clock.shift(timedelta(days=8))
    client = signed_in(world.owner.user)
    assert client.get("/onlyfans")["Location"] == "/settings/security?next=/onlyfans"
    fragment = client.get("/onlyfans/list", headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment["HX-Redirect"][:18]) == (403, "/settings/security")
    assert "Set one up to go on." in text(client.get("/settings/security"))
    client.post("/settings/security/app/start")
    secret = text(client.get("/settings/security/app")).split('<code class="select-all">')[1].split("<")[0]
    client.post("/settings/security/app", {"code": shown(secret, NOW + timedelta(days=8))})
    assert client.get("/onlyfans").status_code == 200


def test_staff_meet_the_wall_before_the_admin(db: None, settings: Any) -> None:
    settings.MFA_REQUIRED_FOR_STAFF = True
    staff = UserFactory(is_staff=True, is_superuser=True)
    client = signed_in(staff)
    assert client.get("/admin/")["Location"] == "/settings/security?next=/admin/"
    _, codes = with_app(staff, NOW)
    client, _ = first_step(staff, "/admin/")
    assert client.post("/signin/code", {"code": codes[0], "next": "/admin/"})["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200
