"""`POST /api/auth/signup` and the verification of the mail address."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from django.db import connection
from rest_framework.test import APIClient

from accounts.models import ApiKey, AuditEvent, Mail, Membership, RefreshSession, User, Workspace
from accounts.services import signup
from accounts.signals import workspace_created
from huntaze.kernel.tenancy import cross_workspace
from tests.accounts.letters import link, send, subjects, token
from tests.factories.accounts import NOW

SIGN_UP, VERIFY, RESEND = "/api/auth/signup", "/api/auth/verify-email", "/api/auth/verify-email/resend"
BODY = {
    "name": "Luna Martel",
    "email": "luna@example.test",
    "password": "Correct-horse-7",
    "acceptTerms": True,
}


def attempt(client: APIClient | None = None, **body: Any) -> Any:
    return (client or APIClient()).post(SIGN_UP, BODY | body, format="json")


def bearer(token: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def test_it_answers_in_the_fixed_shape(db: None) -> None:
    answer = attempt(email="Luna@Example.TEST")
    assert answer.status_code == 201
    data = answer.json()
    assert set(data) == {"message", "user", "accessToken", "apiKey"}
    assert data["message"] == "User created successfully"
    user = User.objects.get()
    assert data["user"] | {"createdAt": None} == {
        "id": user.public_id,
        "email": "luna@example.test",
        "name": "Luna Martel",
        "subscription": "free",
        "createdAt": None,
    }
    key = data["apiKey"]
    assert set(key) == {"id", "name", "prefix", "scopes", "key"}
    assert (key["name"], key["scopes"], key["prefix"]) == ("Default Key", ["read", "write"], key["key"][:12])
    assert key["key"].startswith("hz_live_")
    assert len(key["key"]) == 44
    cookie = answer.cookies[django_settings.REFRESH_COOKIE_NAME]
    assert (cookie["httponly"], cookie["samesite"], len(cookie.value)) == (True, "Strict", 47)


def test_it_makes_everything_at_once(db: None) -> None:
    told: list[int] = []

    def hear(sender: Any, workspace_id: int, **_: Any) -> None:
        told.append(workspace_id)

    workspace_created.connect(hear)
    try:
        with time_machine.travel(NOW, tick=False):
            attempt()
    finally:
        workspace_created.disconnect(hear)
    user, workspace = User.objects.get(), Workspace.objects.get()
    assert (user.email_verified_at, user.terms_accepted_at, user.terms_version) == (
        None,
        NOW,
        django_settings.TERMS_VERSION,
    )
    assert user.check_password(BODY["password"])
    assert (workspace.kind, workspace.plan, workspace.billing_email) == ("solo", "free", user.email)
    with cross_workspace("demo"):
        member, key = Membership.objects.get(), ApiKey.objects.get()
        actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert (member.user_id, member.workspace_id, member.role) == (user.pk, workspace.pk, "owner")
    assert key.membership_id == member.pk
    assert {"workspace.created", "key.created"} <= actions
    assert list(Mail.objects.order_by("pk").values_list("kind", flat=True)) == ["welcome", "verify_email"]
    assert told == [workspace.pk]


def test_the_token_and_the_key_work_at_once(db: None) -> None:
    data = attempt().json()
    for secret in (data["accessToken"], data["apiKey"]["key"]):
        assert bearer(secret).get("/api/onlyfans/messaging/status").status_code == 200


def test_it_speaks_the_browser_s_language(db: None) -> None:
    client = APIClient()
    client.credentials(HTTP_ACCEPT_LANGUAGE="fr-FR")
    attempt(client)
    assert User.objects.get().locale == "fr"
    assert subjects() == ["Bienvenue chez Huntaze", "Confirmez votre adresse e-mail"]


def test_a_known_mail_is_a_409_and_nothing_is_left(db: None) -> None:
    attempt()
    answer = attempt(email="LUNA@example.test", name="Somebody Else")
    assert (answer.status_code, answer.json()["error"]) == (409, "User already exists with this email")
    assert (User.objects.count(), Workspace.objects.count(), Mail.objects.count()) == (1, 1, 2)
    assert RefreshSession.objects.count() == 1


def test_if_a_part_fails_nothing_is_made(db: None) -> None:
    def refuse(**_: Any) -> None:
        raise ZeroDivisionError

    workspace_created.connect(refuse)
    try:
        assert attempt(APIClient(raise_request_exception=False)).status_code == 500
    finally:
        workspace_created.disconnect(refuse)
    assert (User.objects.count(), Workspace.objects.count(), Mail.objects.count()) == (0, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_gets_the_mail() -> None:
    barrier = threading.Barrier(2)

    def work(_: int) -> int:
        try:
            barrier.wait(10)
            return int(attempt().status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(work, range(2))) == [201, 409]
    assert (User.objects.count(), Workspace.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"name": "L"}, ["name"]),
        ({"name": "L" * 51}, ["name"]),
        ({"name": "Lu\nna"}, ["name"]),
        ({"email": "no mail"}, ["email"]),
        ({"acceptTerms": False}, ["acceptTerms"]),
        ({"acceptTerms": None}, ["acceptTerms"]),
        ({"password": "Short-1"}, ["password"]),
        ({"password": "Password1"}, ["password"]),
        ({"password": "password1"}, ["password", "password"]),
        ({"password": "Luna-martel-1"}, ["password"]),
        ({"password": "x" * 129}, ["password"]),
    ],
)
def test_bad_input_is_a_clear_400(db: None, body: dict[str, Any], fields: list[str]) -> None:
    answer = attempt(**body)
    assert answer.status_code == 400
    assert [item["field"] for item in answer.json()["details"]] == fields
    assert User.objects.count() == 0


def test_three_a_minute_and_ten_an_hour_from_one_address(db: None) -> None:
    codes = [attempt(email=f"person{n}@example.test").status_code for n in range(4)]
    assert codes == [201, 201, 201, 429]
    other = APIClient(REMOTE_ADDR="203.0.113.7")
    assert attempt(other, email="other@example.test").status_code == 201


def test_a_foreign_origin_can_not_sign_anybody_up(db: None) -> None:
    answer = APIClient().post(SIGN_UP, BODY, format="json", HTTP_ORIGIN="https://evil.example")
    assert answer.status_code == 403
    assert User.objects.count() == 0


# --- the mail address


def verify(value: str) -> Any:
    return APIClient().post(VERIFY, {"token": value}, format="json")


def test_the_link_of_the_mail_verifies_once(db: None) -> None:
    attempt()
    value = token("/verify-email/")
    answer = verify(value)
    user = User.objects.get()
    assert (answer.status_code, answer.json()["success"]) == (200, True)
    assert answer.json()["user"]["id"] == user.public_id
    assert user.email_verified_at is not None
    again = verify(value)
    assert (again.status_code, again.json()["error"]) == (400, "Invalid or expired token")


def test_it_works_for_24_hours(db: None) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        attempt()
        value = token("/verify-email/")
        clock.shift(timedelta(hours=24, seconds=1))
        assert verify(value).status_code == 400
        clock.shift(timedelta(seconds=-2))
        assert verify(value).status_code == 200


def test_a_link_of_another_purpose_person_or_address_does_not_work(db: None) -> None:
    attempt()
    value = token("/verify-email/")
    user = User.objects.get()
    assert verify(value[:-1] + ("a" if value[-1] != "a" else "b")).status_code == 400
    assert verify("").status_code == 400
    User.objects.filter(pk=user.pk).update(email="other@example.test")
    assert verify(value).status_code == 400
    assert User.objects.get().email_verified_at is None


@pytest.mark.django_db(transaction=True)
def test_of_two_that_follow_it_at_once_one_verifies() -> None:
    attempt()
    value, barrier = token("/verify-email/"), threading.Barrier(2)

    def work(_: int) -> int:
        try:
            barrier.wait(10)
            return int(verify(value).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(work, range(2))) == [200, 400]


def test_the_mail_is_sent_again_at_most_once_a_minute(db: None) -> None:
    client = bearer(attempt().json()["accessToken"])
    assert len(send()) == 2
    answers = [client.post(RESEND) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202] * 3
    assert {answer.json()["message"] for answer in answers} == {
        "If the address is not verified yet, a mail was sent"
    }
    assert len(send()) == 3
    assert verify(link("/verify-email/").rsplit("/", 1)[1]).status_code == 200


def test_a_verified_person_gets_no_mail_and_the_same_answer(world: Any) -> None:
    user = world.owner.user
    assert signup.resend_verification(user=user, now=NOW) is False
    assert Mail.objects.count() == 0


def test_what_waits_is_open_afterwards(db: None) -> None:
    client = bearer(attempt().json()["accessToken"])
    from accounts.selectors.principals import principal_of

    with cross_workspace("demo"):
        member = Membership.objects.select_related("user", "workspace").get()
        before = principal_of(member, limit=60)
        verify(token("/verify-email/"))
        member.user.refresh_from_db()
        after = principal_of(member, limit=60)
    assert (before.can("accounts.connect"), after.can("accounts.connect")) == (False, True)
    assert client.get("/api/onlyfans/messaging/status").status_code == 200
