"""Signing in with a passkey alone: what it takes, and every answer that is not taken."""

import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEvent, SecurityKey, User
from accounts.sessions import proved_at
from huntaze.kernel.tenancy import cross_workspace
from tests.accounts.authenticator import FLAG, HOST, Passkey
from tests.accounts.factors import with_app
from tests.conftest import World
from tests.factories.accounts import NOW, PASSWORD

REFUSAL = "This passkey does not open an account here."


@pytest.fixture(autouse=True)
def hosts(settings: Any) -> None:
    settings.ALLOWED_HOSTS = [HOST, "other.test"]


@pytest.fixture
def passkey(world: World) -> Passkey:
    made = Passkey(world.owner.user)
    made.enrol()
    return made


def caller(ip: str = "203.0.113.7") -> Client:
    return Client(SERVER_NAME=HOST, REMOTE_ADDR=ip)


def asked(client: Client) -> dict[str, Any]:
    answer = client.post("/signin/passkey")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert "no-store" in answer["Cache-Control"]
    found: dict[str, Any] = answer.json()
    return found


def given(client: Client, response: str, **more: str) -> Any:
    return client.post("/signin", {"response": response, "next": "/team", **more})


def refused(client: Client, answer: Any) -> bool:
    is_said = REFUSAL in answer.content.decode()
    return (answer.status_code, is_said, client.get("/onlyfans").status_code) == (422, True, 302)


def test_any_passkey_of_this_host_is_asked_and_has_to_know_its_person(db: None) -> None:
    options = asked(caller())["publicKey"]
    assert (options["rpId"], options["userVerification"]) == (HOST, "required")
    assert options.get("allowCredentials", []) == []


def test_it_signs_in_without_password_or_second_factor(world: World, passkey: Passkey) -> None:
    with_app(world.owner.user, NOW)
    client = caller()
    answer = given(client, passkey.answer(asked(client)))
    assert (answer.status_code, answer["Location"]) == (302, "/team")
    assert client.get("/team").status_code == 200
    key = SecurityKey.objects.get()
    assert (key.sign_count, key.last_used_at is not None) == (1, True)
    assert proved_at(client.session) is not None
    with cross_workspace("demo"):
        row = AuditEvent.objects.get(action="auth.signed_in")
    assert row.changes == {"door": "dashboard", "method": "passkey"}


def test_it_stays_as_long_as_its_person_wants(passkey: Passkey) -> None:
    client = caller()
    given(client, passkey.answer(asked(client)))
    assert client.session.get_expire_at_browser_close() is False
    assert client.session.get_expiry_age() == 12 * 3600
    client = caller()
    given(client, passkey.answer(asked(client)), remember_me="on")
    assert client.session.get_expiry_age() == 30 * 86_400


def test_a_question_that_nobody_answered_shortens_no_session(db: None) -> None:
    """It is nobody's and short; whoever comes in another way has a session of their own."""
    client = caller()
    asked(client)
    assert client.session.get_expiry_age() == 600
    form = {"name": "Luna Martel", "email": "luna@example.test", "password": PASSWORD, "accept_terms": "on"}
    assert client.post("/signup", form).status_code == 201
    assert client.session.get_expiry_age() == 12 * 3600


def test_an_answer_is_worth_nothing_a_second_time(passkey: Passkey, settings: Any) -> None:
    client = caller()
    response = passkey.answer(asked(client))
    assert given(client, response).status_code == 302
    client.post("/signout")
    assert refused(client, given(client, response))
    other = caller()
    asked(other)
    assert refused(other, given(other, response))


def test_a_failed_answer_uses_its_question_up(passkey: Passkey) -> None:
    client = caller()
    options = asked(client)
    assert refused(client, given(client, "{}"))
    assert refused(client, given(client, passkey.answer(options)))


@pytest.mark.parametrize(
    "change",
    [
        {"challenge": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
        {"type": "webauthn.create"},
        {"origin": "https://evil.example"},
        {"host": "evil.example"},
        {"signed": b"something else"},
        {"flags": FLAG.UP},
        {"flags": FLAG.UV},
        {"handle": None},
        {"handle": b"\0" * 16},
        {"credential_id": b"x" * 32},
    ],
    ids=lambda change: "-".join(f"{name}" for name in change) + str(next(iter(change.values())))[:12],
)
def test_an_answer_that_does_not_fit_opens_nothing(passkey: Passkey, change: dict[str, Any]) -> None:
    client = caller()
    assert refused(client, given(client, passkey.answer(asked(client), **change)))
    assert SecurityKey.objects.get().sign_count == 0


def test_a_question_to_somebody_else_is_not_answered_for_oneself(passkey: Passkey) -> None:
    """The challenge is the session's: what a victim's browser signs for one page is nothing to another."""
    attacker, victim = caller(), caller("203.0.113.8")
    asked(attacker)
    assert refused(attacker, given(attacker, passkey.answer(asked(victim))))


def test_the_question_of_the_second_step_is_another_one(world: World, passkey: Passkey) -> None:
    """It may be answered without a finger or a code, so it must not stand in for this one, nor the other way round."""
    client = caller()
    client.post("/signin", {"email": world.owner.user.email, "password": PASSWORD})
    page = client.get("/signin/code").content.decode()
    options = json.loads(page.split('data-options="')[1].split('"')[0].replace("&quot;", '"'))
    assert options["publicKey"]["userVerification"] == "preferred"
    assert refused(client, given(client, passkey.answer(options)))
    answer = client.post("/signin/code", {"response": passkey.answer(asked(caller())), "next": "/team"})
    assert answer.status_code == 422


def test_a_copy_of_the_key_is_refused(passkey: Passkey) -> None:
    client = caller()
    given(client, passkey.answer(asked(client)))
    copy = caller()
    assert refused(copy, given(copy, passkey.answer(asked(copy), count=1)))


def test_a_removed_key_and_a_disabled_person_are_refused_alike(world: World, passkey: Passkey) -> None:
    User.objects.filter(pk=world.owner.user_id).update(is_active=False)
    client = caller()
    assert refused(client, given(client, passkey.answer(asked(client))))
    User.objects.filter(pk=world.owner.user_id).update(is_active=True)
    SecurityKey.objects.all().delete()
    assert refused(client, given(client, passkey.answer(asked(client))))


def test_a_key_of_another_host_is_refused(world: World) -> None:
    passkey = Passkey(world.owner.user)
    passkey.enrol(host="other.test")
    client = caller()
    assert refused(client, given(client, passkey.answer(asked(client))))


@pytest.mark.parametrize(
    "response",
    [
        "[" * 19_000,
        "null",
        "3",
        '"x"',
        '{"id": "AA", "rawId": "AA", "response": {}}',
        '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {"clientDataJSON": "e30", '
        '"authenticatorData": "AA", "signature": "AA", "userHandle": 4}}',
        '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {"clientDataJSON": "/w", '
        '"authenticatorData": "", "signature": ""}}',
        "x" * 20_001,
    ],
    ids=["nested", "null", "number", "text", "empty", "types", "bytes", "long"],
)
def test_rubbish_is_refused_like_everything_else(db: None, response: str) -> None:
    client = caller()
    asked(client)
    assert refused(client, given(client, response))


def test_guessing_ends_after_twenty_answers_and_questions_after_sixty(passkey: Passkey) -> None:
    codes = []
    for _ in range(21):
        client = caller()
        asked(client)
        codes.append(given(client, "{}").status_code)
    assert codes == [422] * 20 + [429]
    elsewhere = caller("198.51.100.1")
    assert given(elsewhere, passkey.answer(asked(elsewhere))).status_code == 302
    starts = [caller().post("/signin/passkey").status_code for _ in range(60 - 21 + 1)]
    assert starts == [200] * 39 + [429]


def test_a_right_answer_gives_its_try_back(passkey: Passkey) -> None:
    for _ in range(21):
        client = caller()
        assert given(client, passkey.answer(asked(client))).status_code == 302


def test_the_question_wants_a_form_of_ours(db: None) -> None:
    client = Client(SERVER_NAME=HOST, enforce_csrf_checks=True)
    assert client.post("/signin/passkey").status_code == 403
    assert caller().get("/signin/passkey").status_code == 405
