"""Access tokens: only ours, only fresh, only of their kind; and nothing usable in the database."""

import base64
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from django.conf import settings as django_settings
from django.db import connection
from rest_framework.test import APIClient

from accounts.services import signin, tokens
from accounts.types import SignedIn
from huntaze.kernel.web import Device
from tests.factories.accounts import NOW, PASSWORD, api_key

STATUS = "/api/onlyfans/messaging/status"
LAPTOP = Device("203.0.113.1", "laptop", b"l" * 32)


@pytest.fixture
def signed(world: Any) -> SignedIn:
    return signin.sign_in(
        email=world.owner.user.email, password=PASSWORD, is_remembered=False, device=LAPTOP, now=NOW
    )


def ask(header: str, *, seconds: float = 0) -> tuple[int, str]:
    with time_machine.travel(NOW + timedelta(seconds=seconds), tick=False):
        answer = APIClient().get(STATUS, HTTP_AUTHORIZATION=header)
    return answer.status_code, answer.json().get("error", "")


def remade(signed: SignedIn, *, key: str | None = None, **changes: Any) -> str:
    """The same token with other claims; None takes one out."""
    claims = jwt.decode(signed.access_token, options={"verify_signature": False}) | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key or django_settings.JWT_SIGNING_KEYS[0], algorithm="HS256")


@pytest.mark.parametrize(("seconds", "status"), [(0, 200), (899, 200), (904, 200), (906, 401)])
def test_a_token_lives_15_minutes_and_5_seconds(signed: SignedIn, seconds: float, status: int) -> None:
    assert ask(f"Bearer {signed.access_token}", seconds=seconds)[0] == status


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "other"},
        {"aud": "other"},
        {"token_type": "refresh"},
        {"token_type": None},
        {"sid": None},
        {"wid": None},
        {"jti": None},
        {"exp": None},
        {"sid": "ses_00000000000000000000000000"},
        {"sid": "nonsense"},
        {"sid": 7},
        {"wid": "wsp_00000000000000000000000000"},
        {"wid": "nonsense"},
        {"userId": "usr_00000000000000000000000000"},
        {"ver": 0},
        {"ver": 2},
        {"ver": "1"},
        {"iat": int(NOW.timestamp()) + 60},
    ],
)
def test_a_token_with_other_claims_is_refused(signed: SignedIn, changes: dict[str, Any]) -> None:
    assert ask(f"Bearer {remade(signed)}")[0] == 200
    assert ask(f"Bearer {remade(signed, **changes)}") == (401, "Not authenticated")


def test_somebody_elses_workspace_can_not_be_named(world: Any, signed: SignedIn) -> None:
    token = remade(signed, wid=world.outsider.workspace.public_id)
    assert ask(f"Bearer {token}")[0] == 401


def test_a_token_of_another_key_or_of_no_key_is_refused(signed: SignedIn) -> None:
    head, body, _ = signed.access_token.split(".")
    plain = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).decode().rstrip("=")
    for token in (
        remade(signed, key="k" * 40),
        f"{plain}.{body}.",
        f"{head}.{body}.",
        signed.access_token[:-2],
    ):
        assert ask(f"Bearer {token}") == (401, "Not authenticated")


@pytest.mark.parametrize("algorithm", ["HS384", "HS512", "none"])
def test_a_token_by_another_algorithm_is_refused(signed: SignedIn, algorithm: str) -> None:
    claims = jwt.decode(signed.access_token, options={"verify_signature": False})
    key = None if algorithm == "none" else django_settings.JWT_SIGNING_KEYS[0]
    assert ask(f"Bearer {jwt.encode(claims, key, algorithm=algorithm)}") == (401, "Not authenticated")


@pytest.mark.parametrize(
    "header",
    [
        {"jku": "https://keys.example.test/set.json"},
        {"x5u": "https://keys.example.test/chain.pem"},
        {"jwk": {"kty": "oct", "k": base64.urlsafe_b64encode(b"k" * 40).decode().rstrip("=")}},
        {"kid": "../../dev/null"},
    ],
)
def test_a_token_can_not_bring_its_own_key(signed: SignedIn, header: dict[str, Any]) -> None:
    claims = jwt.decode(signed.access_token, options={"verify_signature": False})
    forged = jwt.encode(claims, "k" * 40, algorithm="HS256", headers=header)
    assert ask(f"Bearer {forged}") == (401, "Not authenticated")


def test_a_token_names_its_one_audience_and_its_algorithm(signed: SignedIn) -> None:
    claims = jwt.decode(signed.access_token, options={"verify_signature": False})
    assert (claims["iss"], claims["aud"], claims["token_type"]) == ("huntaze", "huntaze-api", "access")
    assert jwt.get_unverified_header(signed.access_token)["alg"] == "HS256"


def test_the_key_before_the_current_one_still_verifies(signed: SignedIn, settings: Any) -> None:
    old = settings.JWT_SIGNING_KEYS[0]
    settings.JWT_SIGNING_KEYS = ["n" * 40, old]
    assert ask(f"Bearer {signed.access_token}")[0] == 200
    settings.JWT_SIGNING_KEYS = ["n" * 40]
    assert ask(f"Bearer {signed.access_token}")[0] == 401


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer a b", "Token abc", "abc"])
def test_a_malformed_header_says_so(db: None, header: str) -> None:
    assert ask(header) == (401, "Missing or invalid authorization header")


def test_no_header_is_not_authenticated(db: None) -> None:
    answer = APIClient().get(STATUS)
    assert (answer.status_code, answer.json()["error"]) == (401, "Not authenticated")
    assert answer["WWW-Authenticate"] == "Bearer"


def _columns() -> list[tuple[str, str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns "
            "WHERE table_schema = 'public' AND data_type IN "
            "('text', 'character varying', 'character', 'bytea', 'json', 'jsonb', 'ARRAY')"
        )
        return cursor.fetchall()


def _finds(needle: str) -> list[str]:
    """Every text and byte column of the database that holds the needle somewhere."""
    found = []
    with connection.cursor() as cursor:
        for table, column, kind in _columns():
            if kind == "bytea":
                test, value = f'position(%s::bytea IN "{column}") > 0', needle.encode()
            else:
                test, value = f'position(%s IN "{column}"::text) > 0', needle
            cursor.execute(f'SELECT count(*) FROM "{table}" WHERE {test}', [value])
            if cursor.fetchone()[0]:
                found.append(f"{table}.{column}")
    return found


def test_only_hashes_are_at_rest(world: Any, signed: SignedIn) -> None:
    """A refresh token, its child, an access token, an API key and a password leave nothing that would open a door."""
    child = signin.refresh(secret=signed.refresh_token, device=LAPTOP, now=NOW)
    key = api_key(world.owner)
    assert ask(f"Bearer {key}")[0] == 200
    secrets = [
        signed.refresh_token,
        child.refresh_token,
        signed.access_token,
        child.access_token,
        key,
        PASSWORD,
    ]
    for secret in secrets:
        assert _finds(secret) == []
        assert _finds(secret.removeprefix("hzr_")[:30]) == []
    assert _finds(world.owner.user.email) == ["accounts_user.email"]
    assert "accounts_refreshtoken.digest" in {f"{table}.{column}" for table, column, _ in _columns()}
    assert tokens.digest(signed.refresh_token) != signed.refresh_token.encode()
