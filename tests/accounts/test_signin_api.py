"""`POST /api/auth/signin`: the fixed shape, one answer to every kind of failure, and few guesses."""

from concurrent.futures import ThreadPoolExecutor
from http.cookies import Morsel
from typing import Any

import jwt
import pytest
import time_machine
from django.conf import settings as django_settings
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from rest_framework.test import APIClient

from accounts.models import AuditEvent, RefreshSession, User, Workspace
from accounts.services import signin
from huntaze.kernel.tenancy import cross_workspace
from tests.factories.accounts import NOW, PASSWORD, MembershipFactory, UserFactory

SIGN_IN = "/api/auth/signin"
STATUS = "/api/onlyfans/messaging/status"
VERIFIED: list[str] = []


class CountingHasher(MD5PasswordHasher):
    """Writes down each hash that a password is really compared with."""

    def verify(self, password: str, encoded: str) -> bool:
        VERIFIED.append(encoded)
        return super().verify(password, encoded)


@pytest.fixture
def counting(settings: Any) -> list[str]:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    VERIFIED.clear()
    return VERIFIED


def attempt(email: str, password: str = PASSWORD, *, ip: str = "203.0.113.1", **body: Any) -> Any:
    request = {"email": email, "password": password} | body
    return APIClient().post(SIGN_IN, request, format="json", REMOTE_ADDR=ip)


def cookie_of(answer: Any) -> Morsel[str]:
    return answer.cookies[django_settings.REFRESH_COOKIE_NAME]


def without_id(answer: Any) -> dict[str, Any]:
    return {key: value for key, value in answer.json().items() if key != "requestId"}


def test_it_answers_in_the_fixed_shape(world: Any) -> None:
    user = world.owner.user
    answer = attempt(user.email)
    assert answer.status_code == 200
    data = answer.json()
    assert set(data) == {"user", "accessToken"}
    assert data["user"] == {
        "id": user.public_id,
        "email": user.email,
        "name": "Test Person",
        "avatar": None,
        "subscription": "free",
    }
    assert answer["Cache-Control"] == "no-store"


def test_the_subscription_is_the_workspace_s_plan(world: Any) -> None:
    Workspace.objects.filter(pk=world.owner.workspace_id).update(plan="pro")
    assert attempt(world.owner.user.email).json()["user"]["subscription"] == "pro"


def test_the_token_says_who_and_which_session_and_nothing_else(world: Any) -> None:
    with time_machine.travel(NOW, tick=False):
        token = attempt(world.owner.user.email).json()["accessToken"]
        claims = jwt.decode(
            token, django_settings.JWT_SIGNING_KEYS[0], algorithms=["HS256"], audience="huntaze-api"
        )
    session = RefreshSession.objects.get()
    assert claims.pop("jti")
    assert claims == {
        "userId": world.owner.user.public_id,
        "wid": world.owner.workspace.public_id,
        "sid": session.public_id,
        "ver": 1,
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 900,
        "iss": "huntaze",
        "aud": "huntaze-api",
        "token_type": "access",
    }


def test_the_token_opens_the_api(world: Any) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {attempt(world.owner.user.email).json()['accessToken']}")
    assert client.get(STATUS).status_code == 200


@pytest.mark.parametrize(("is_remembered", "days"), [(False, 7), (True, 30)])
def test_the_refresh_token_travels_in_a_strict_cookie(world: Any, is_remembered: bool, days: int) -> None:
    with time_machine.travel(NOW, tick=False):
        answer = attempt(world.owner.user.email, rememberMe=is_remembered)
    cookie = cookie_of(answer)
    assert cookie.value.startswith("hzr_")
    assert len(cookie.value) == 47
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (
        True,
        "Strict",
        "/",
        "",
    )
    assert (
        cookie["expires"] == {7: "Thu, 22 Jan 2026 12:00:01 GMT", 30: "Sat, 14 Feb 2026 12:00:01 GMT"}[days]
    )
    assert cookie.value not in answer.content.decode()


def test_the_cookie_is_secure_where_there_is_tls(world: Any, settings: Any) -> None:
    settings.COOKIE_SECURE, settings.REFRESH_COOKIE_NAME = True, "__Host-refreshToken"
    cookie = attempt(world.owner.user.email).cookies["__Host-refreshToken"]
    assert cookie["secure"] is True


def test_the_mail_is_found_however_it_is_written(world: Any) -> None:
    assert attempt(world.owner.user.email.upper()).status_code == 200


def test_every_kind_of_failure_gets_the_same_answer(world: Any) -> None:
    MembershipFactory(user=UserFactory(email="gone@example.test", is_active=False))
    UserFactory(email="alone@example.test")
    answers = [
        attempt("nobody@example.test"),
        attempt(world.owner.user.email, "Wrong-password-1"),
        attempt("gone@example.test"),
        attempt("gone@example.test", "Wrong-password-1"),
        attempt("alone@example.test"),
    ]
    assert [answer.status_code for answer in answers] == [401] * 5
    assert [without_id(answer) for answer in answers] == [{"error": "Invalid credentials"}] * 5
    assert [sorted(answer.headers) for answer in answers] == [sorted(answers[0].headers)] * 5
    assert [dict(answer.cookies) for answer in answers] == [{}] * 5
    assert RefreshSession.objects.count() == 0


def test_an_unknown_mail_costs_a_real_hash_like_a_known_one(world: Any, counting: list[str]) -> None:
    signin._dummy()
    for email in ("nobody@example.test", world.owner.user.email):
        counting.clear()
        attempt(email, "Wrong-password-1")
        assert len(counting) == 1
    inactive = UserFactory(is_active=False)
    counting.clear()
    attempt(inactive.email, "Wrong-password-1")
    assert counting == [inactive.password]


def test_a_hash_of_an_older_kind_is_renewed_at_sign_in(world: Any, settings: Any) -> None:
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.ScryptPasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    user = world.owner.user
    assert user.password.startswith("md5$")
    assert attempt(user.email, "Wrong-password-1").status_code == 401
    assert User.objects.get(pk=user.pk).password == user.password
    assert attempt(user.email).status_code == 200
    assert User.objects.get(pk=user.pk).password.startswith("scrypt$")
    assert attempt(user.email).status_code == 200


def test_signing_in_is_audited_and_dated(world: Any) -> None:
    with time_machine.travel(NOW, tick=False):
        attempt(world.owner.user.email)
    with cross_workspace("demo"):
        row = AuditEvent.objects.get(action="auth.signed_in")
    assert (row.workspace_id, row.actor_user_id, row.actor_member_id) == (
        world.owner.workspace_id,
        world.owner.user_id,
        world.owner.pk,
    )
    assert (row.target, row.at) == (world.owner.user.public_id, NOW)
    assert User.objects.get(pk=world.owner.user_id).last_login == NOW


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"password": "x"}, "email"),
        ({"email": "a@example.test"}, "password"),
        ({"email": "no mail", "password": "x"}, "email"),
        ({"email": "a@example.test", "password": "x" * 129}, "password"),
        ({"email": "a@example.test", "password": ""}, "password"),
        ({"email": "a@example.test", "password": "x", "rememberMe": "perhaps"}, "rememberMe"),
        ({"email": ["a@example.test"], "password": "x"}, "email"),
    ],
)
def test_bad_input_is_a_clear_400(db: None, body: dict[str, Any], field: str) -> None:
    answer = APIClient().post(SIGN_IN, body, format="json")
    assert answer.status_code == 400
    assert [item["field"] for item in answer.json()["details"]] == [field]


def test_a_foreign_origin_is_refused(world: Any) -> None:
    body = {"email": world.owner.user.email, "password": PASSWORD}
    for origin in ("https://evil.example", "null", django_settings.BASE_URL + ".evil.example"):
        answer = APIClient().post(SIGN_IN, body, format="json", HTTP_ORIGIN=origin)
        assert (answer.status_code, answer.json()["error"]) == (403, "This origin is not trusted")
    answer = APIClient().post(
        SIGN_IN, body, format="json", HTTP_ORIGIN=django_settings.CSRF_TRUSTED_ORIGINS[0]
    )
    assert answer.status_code == 200


def test_a_stale_bearer_token_does_not_get_in_the_way(world: Any) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Bearer stale")
    body = {"email": world.owner.user.email, "password": PASSWORD}
    assert client.post(SIGN_IN, body, format="json").status_code == 200


# --- guesses


def test_the_sixth_wrong_guess_is_not_tried(world: Any, counting: list[str]) -> None:
    email = world.owner.user.email
    assert [attempt(email, f"Guess-number-{n}").status_code for n in range(5)] == [401] * 5
    counting.clear()
    answer = attempt(email)
    assert (answer.status_code, answer.json()["error"], counting) == (429, "Rate limit exceeded", [])
    data = answer.json()
    assert (data["limit"], data["remaining"]) == (5, 0)
    assert 890 < data["retryAfter"] <= 900
    assert answer["Retry-After"] == str(data["retryAfter"])


def test_the_victim_signs_in_from_another_address_meanwhile(world: Any) -> None:
    email = world.owner.user.email
    for n in range(6):
        attempt(email, f"Guess-number-{n}", ip="198.51.100.66")
    assert attempt(email, ip="198.51.100.66").status_code == 429
    assert attempt(email, ip="203.0.113.1").status_code == 200


def test_a_success_clears_the_pair_and_does_not_count(world: Any) -> None:
    email = world.owner.user.email
    for _ in range(2):
        for n in range(4):
            assert attempt(email, f"Guess-number-{n}").status_code == 401
        assert attempt(email).status_code == 200
    assert [attempt(email).status_code for _ in range(25)] == [200] * 25


def test_one_address_gets_twenty_guesses_an_hour_over_all_mails(db: None, counting: list[str]) -> None:
    signin._dummy()
    counting.clear()
    codes = [attempt(f"person{n}@example.test", "Guess-number-1").status_code for n in range(30)]
    assert codes == [401] * 20 + [429] * 10
    assert len(counting) == 20


@pytest.mark.parametrize(("other", "status"), [("2001:db8:1:2:ffff::9", 429), ("2001:db8:1:3::1", 200)])
def test_an_ipv6_network_of_64_bits_is_one_address(world: Any, other: str, status: int) -> None:
    email = world.owner.user.email
    for n in range(5):
        attempt(email, f"Guess-number-{n}", ip=f"2001:db8:1:2::{n}")
    assert attempt(email, ip=other).status_code == status


@pytest.mark.django_db(transaction=True)
def test_guesses_at_once_do_not_slip_through(world: Any, counting: list[str]) -> None:
    def guess(n: int) -> int:
        try:
            return int(attempt(world.owner.user.email, f"Guess-number-{n}").status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        codes = sorted(pool.map(guess, range(16)))
    assert codes == [401] * 5 + [429] * 11
    assert len(counting) == 5
