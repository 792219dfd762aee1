"""What must not be guessed: how many bits each secret has, that none comes twice, and what stores passwords."""

import math
import os
import secrets
import subprocess
import sys

import bcrypt
import pytest
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.exceptions import ImproperlyConfigured

from accounts.errors import InvalidCode
from accounts.models import SecurityKey, User
from accounts.rules import api_keys, second_factor, webhooks
from accounts.services import factors, security_keys, tokens
from accounts.sessions import SessionStore
from huntaze import env
from huntaze.kernel import crypto
from tests.accounts.authenticator import HOST, Passkey
from tests.factories.accounts import NOW, UserFactory

DRAWN = 200


def bits(length: int, symbols: int) -> float:
    return length * math.log2(symbols)


def test_an_api_key_has_178_bits() -> None:
    keys = {api_keys.make("live", secrets.choice) for _ in range(DRAWN)}
    assert len(keys) == DRAWN
    assert {len(key) for key in keys} == {len("hz_live_") + 36}
    assert bits(30, 62) > 178


def test_a_session_s_cookie_has_more_than_128_bits(db: None) -> None:
    cookies = {SessionStore()._get_new_session_key() for _ in range(DRAWN)}
    assert len(cookies) == DRAWN
    assert {len(cookie) for cookie in cookies} == {32}
    assert bits(32, 36) > 128


def test_a_recovery_code_has_more_than_112_bits(db: None) -> None:
    """So a plain digest is enough at rest; a shorter one would have to be hashed like a password."""
    user = UserFactory()
    codes = [code for _ in range(10) for code in factors._renew_codes(user)]
    assert len(set(codes)) == 100
    assert {len(code.replace("-", "")) for code in codes} == {second_factor.CODE_LENGTH}
    assert set("".join(codes)) - {"-"} <= set(second_factor.ALPHABET)
    assert bits(second_factor.CODE_LENGTH, len(set(second_factor.ALPHABET))) > 112


def test_a_seed_has_160_bits_and_a_code_nearly_20(db: None) -> None:
    seeds = {factors.enrol_totp(user=UserFactory(), now=NOW).secret for _ in range(20)}
    assert len(seeds) == 20
    assert {len(seed) for seed in seeds} == {32}
    assert bits(32, 32) == 160
    assert (second_factor.STEP, second_factor.is_totp("123456"), second_factor.is_totp("12345")) == (
        30,
        True,
        False,
    )


def test_a_webhook_s_secret_has_more_than_128_bits() -> None:
    assert webhooks.SECRET_BYTES * 8 >= 192


def test_keys_and_nonces_are_of_full_length() -> None:
    assert (crypto.KEY_BYTES, crypto.NONCE_BYTES) == (32, 12)
    assert len(tokens.digest("x")) == 32


@pytest.mark.parametrize("name", ["SECRET_KEY", "JWT_SIGNING_KEY", "REFRESH_KEY", "BLIND_INDEX_KEY"])
def test_a_short_key_stops_the_start(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "x" * 31)
    with pytest.raises(ImproperlyConfigured, match="at least 32 characters"):
        env.secret(name)


def test_a_short_wrapping_key_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRYPTO_KEKS", "a:" + "QUJD")
    with pytest.raises(ImproperlyConfigured, match="32 bytes"):
        env.wrapping_keys("CRYPTO_KEKS")


def test_passwords_are_stored_by_argon2id_with_today_s_costs() -> None:
    """The setting as it ships, read by a fresh process; then what that hasher writes."""
    says = "from huntaze import settings; print(*settings.PASSWORD_HASHERS)"
    environment = {name: value for name, value in os.environ.items() if name != "PASSWORD_HASHER"}
    done = subprocess.run(
        [sys.executable, "-c", says],
        env=environment,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    first, second = done.stdout.split()
    assert first == "django.contrib.auth.hashers.Argon2PasswordHasher"
    assert second == "accounts.hashers.ImportedHasher"
    hasher = Argon2PasswordHasher()
    one, other = (hasher.encode("Correct-horse-7", hasher.salt()) for _ in range(2))
    found = hasher.decode(one)
    assert (found["variety"], found["version"]) == ("argon2id", 19)
    assert (found["memory_cost"] >= 47_104, found["time_cost"] >= 1) == (True, True)
    assert one != other


@pytest.mark.parametrize("password", ["Correct-horse-7", "Ünïcode-7 " * 12])
def test_an_imported_password_signs_in_and_is_stored_anew(db: None, password: str) -> None:
    """As the first Huntaze stored it: bcrypt over the first 72 bytes, whatever came after them."""
    stored = bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).decode()
    user = UserFactory()
    User.objects.filter(pk=user.pk).update(password=f"bcrypt${stored}")
    user.refresh_from_db()
    assert not user.check_password("Wrong-horse-7" * 9)
    assert user.check_password(password)
    user.refresh_from_db()
    assert not user.password.startswith("bcrypt$")
    assert user.check_password(password)


def test_security_keys_sign_by_curves_only(db: None) -> None:
    """A browser is told so; an answer with an RSA key, or any other algorithm, leaves no key."""
    user = UserFactory()
    begun = security_keys.begin_registration(user=user, host=HOST)
    asked = [one["alg"] for one in begun.options["publicKey"]["pubKeyCredParams"]]
    assert sorted(asked) == [-35, -8, -7]
    for algorithm in (-257, -65535, -47):
        with pytest.raises(InvalidCode):
            register(user, begun, algorithm)
    assert SecurityKey.objects.count() == 0
    assert len(register(user, begun, -7)) == second_factor.CODE_COUNT


def register(user: User, begun: security_keys.Ceremony, algorithm: int) -> list[str]:
    answer = Passkey(user).registration(begun.options, algorithm)
    return security_keys.finish_registration(
        user=user, host=HOST, state=begun.state, response=answer, name="Key", now=NOW
    )
