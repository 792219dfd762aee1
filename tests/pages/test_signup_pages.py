"""Signing up in a browser, and confirming the mail address."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import ApiKey, User
from accounts.services.tokens import digest
from huntaze.kernel.tenancy import cross_workspace
from tests.accounts.letters import link, send
from tests.conftest import World
from tests.factories.accounts import NOW

Browser = Callable[..., Client]
FORM = {
    "name": "Luna Martel",
    "email": "luna@example.test",
    "password": "Correct-horse-7",
    "accept_terms": "on",
}


def test_a_person_signs_up_and_is_in(browser: Browser) -> None:
    client = browser()
    assert client.get("/signup").status_code == 200
    answer = client.post("/signup", FORM)
    text = answer.content.decode()
    assert answer.status_code == 201
    assert "Welcome, Luna Martel" in text
    assert "no-store" in answer["Cache-Control"]
    secret = text.split('<code class="select-all">')[1].split("<")[0]
    with cross_workspace("demo"):
        assert bytes(ApiKey.objects.get().digest) == digest(secret)
    page = client.get("/onlyfans").content.decode()
    assert "Your email address is not confirmed yet" in page
    assert client.get("/signup")["Location"] == "/"


def test_the_device_gets_its_cookie(browser: Browser, settings: Any) -> None:
    cookie = browser().post("/signup", FORM).cookies[settings.DEVICE_COOKIE_NAME]
    assert (len(cookie.value), cookie["httponly"], cookie["samesite"]) == (43, True, "Lax")


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "L", "Ensure this value has at least 2 characters"),
        ("email", "no mail", "Enter a valid email address."),
        ("password", "Password1", "This password is among the commonest ones"),
        ("password", "lunamartel", "This password contains your name"),
        ("accept_terms", "", "Accept the terms to go on."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    browser: Browser, field: str, value: str, sentence: str
) -> None:
    answer = browser().post("/signup", FORM | {field: value})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert sentence in page
    kept = {"name", "email"} - {field}
    assert all(f'value="{FORM[name]}"' in page for name in kept)
    assert FORM["password"] not in page
    assert User.objects.count() == 0


def test_a_known_address_is_said_so(browser: Browser, world: World) -> None:
    answer = browser().post("/signup", FORM | {"email": world.owner.user.email.upper()})
    assert answer.status_code == 422
    assert "An account with this address exists." in answer.content.decode()


def test_the_fourth_in_a_minute_waits(browser: Browser) -> None:
    codes = [browser().post("/signup", FORM | {"email": f"p{n}@example.test"}).status_code for n in range(4)]
    assert codes == [201, 201, 201, 429]


def test_following_the_link_is_not_enough_one_click_is(browser: Browser) -> None:
    """Mail programs follow links by themselves, to look for harm."""
    client = browser()
    client.post("/signup", FORM)
    path = link("/verify-email/")
    assert client.get(path).status_code == 200
    assert User.objects.get().email_verified_at is None
    assert "Your address is confirmed" in client.post(path).content.decode()
    assert User.objects.get().email_verified_at is not None
    assert "not confirmed yet" not in client.get("/onlyfans").content.decode()
    assert "Your address is confirmed" in client.post(path).content.decode()


def test_an_old_link_leads_to_a_new_one(browser: Browser) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        browser().post("/signup", FORM)
        path = link("/verify-email/")
        clock.shift(timedelta(hours=25))
        answer = browser().post(path)
    assert answer.status_code == 400
    assert "This link does not work any more" in answer.content.decode()


def test_the_mail_can_be_asked_for_again(browser: Browser) -> None:
    client = browser()
    client.post("/signup", FORM)
    assert len(send()) == 2
    assert "luna@example.test" in client.get("/verify-email").content.decode()
    assert client.post("/verify-email", follow=True).status_code == 200
    assert "less than a minute ago" in client.post("/verify-email", follow=True).content.decode()
    assert len(send()) == 3


def test_who_is_verified_has_nothing_to_do_there(browser: Browser, world: World) -> None:
    assert browser(world.owner).get("/verify-email?next=/onlyfans")["Location"] == "/onlyfans"
    assert browser().get("/verify-email")["Location"] == "/signin?next=/verify-email"


def test_the_texts_are_linked_where_the_operator_names_them(browser: Browser, settings: Any) -> None:
    settings.TERMS_URL, settings.PRIVACY_URL = "https://example.com/terms", "https://example.com/privacy"
    page = browser().get("/signup").content.decode()
    assert 'href="https://example.com/terms"' in page
    assert 'href="https://example.com/privacy"' in page
