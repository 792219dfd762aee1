"""Signing in and out, the language, and the pages of refusals."""

from collections.abc import Callable

import pytest
from django.test import Client, RequestFactory
from django.utils import translation

from accounts.models import User
from huntaze import errors
from tests.conftest import World
from tests.factories.accounts import PASSWORD, MembershipFactory

Browser = Callable[..., Client]


def test_a_person_signs_in_and_goes_where_they_wanted(browser: Browser, world: World) -> None:
    client = browser()
    sent = {"email": world.owner.user.email, "password": PASSWORD, "next": "/onlyfans?show=sent"}
    answer = client.post("/signin", sent)
    assert (answer.status_code, answer["Location"]) == (302, "/onlyfans?show=sent")
    assert client.get("/onlyfans").status_code == 200


@pytest.mark.parametrize("target", ["https://evil.test/", "//evil.test", "javascript:alert(1)"])
def test_signing_in_never_leads_to_another_site(browser: Browser, world: World, target: str) -> None:
    sent = {"email": world.owner.user.email, "password": PASSWORD, "next": target}
    assert browser().post("/signin", sent)["Location"] == "/"


def test_wrong_passwords_and_unknown_mails_read_the_same(browser: Browser, world: World) -> None:
    pages = []
    for email in (world.owner.user.email, "nobody@example.test"):
        answer = browser().post("/signin", {"email": email, "password": "wrong"})
        assert answer.status_code == 422
        pages.append("This email and password do not match an account." in answer.content.decode())
    assert pages == [True, True]


def test_signing_out_needs_a_post(browser: Browser, world: World) -> None:
    client = browser(world.owner)
    assert client.get("/signout").status_code == 405
    assert client.get("/onlyfans").status_code == 200
    assert client.post("/signout")["Location"] == "/signin"
    assert client.get("/onlyfans").status_code == 302


def test_a_person_chooses_their_language(browser: Browser, world: World) -> None:
    client = browser(world.owner)
    answer = client.post("/profile/locale", {"locale": "fr", "next": "/onlyfans?show=sent"})
    assert answer["Location"] == "/onlyfans?show=sent"
    assert User.objects.get(pk=world.owner.user_id).locale == "fr"
    page = client.get("/onlyfans").content.decode()
    assert '<html lang="fr">' in page
    assert "Envoyer un message" in page


def test_an_unknown_language_changes_nothing(browser: Browser, world: World) -> None:
    assert browser(world.owner).post("/profile/locale", {"locale": "xx"}).status_code == 400
    assert browser().post("/profile/locale", {"locale": "fr"})["Location"] == "/signin"
    assert User.objects.get(pk=world.owner.user_id).locale == "en"


def test_the_sign_in_page_speaks_the_browsers_language(browser: Browser) -> None:
    page = browser().get("/signin", headers={"Accept-Language": "fr-FR"}).content.decode()
    assert "Se connecter" in page
    assert "Mot de passe" in page


def test_the_page_of_a_breakdown_needs_no_database(rf: RequestFactory) -> None:
    """No `db` fixture: a query would fail this test."""
    request = rf.get("/onlyfans")
    request.csp_nonce = "n"  # type: ignore[attr-defined]
    with translation.override("en"):
        answer = errors.server_error(request)
    assert answer.status_code == 500
    assert b"Something broke on our side" in answer.content


def test_a_missing_page_says_so_in_the_persons_language(browser: Browser) -> None:
    member = MembershipFactory(user__locale="fr")
    answer = browser(member).get("/nothing-here")
    assert answer.status_code == 404
    assert "Il n’y a rien ici" in answer.content.decode()
