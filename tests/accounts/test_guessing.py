"""Guesses are bounded, and nobody who guesses locks somebody out; sign-ins on new devices are told."""

import os
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from django.contrib.auth.hashers import MD5PasswordHasher
from rest_framework.test import APIClient

from accounts.models import KnownDevice, Mail, User
from tests.accounts.letters import send, subjects
from tests.factories.accounts import NOW, PASSWORD

TRIED: list[str] = []
#: Twenty times what is let through; GUESSES=10000 asks for five minutes of patience.
GUESSES = int(os.environ.get("GUESSES", "400"))


class CountingHasher(MD5PasswordHasher):
    def verify(self, password: str, encoded: str) -> bool:
        TRIED.append(password)
        return super().verify(password, encoded)


@pytest.fixture
def tried(settings: Any) -> list[str]:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    TRIED.clear()
    return TRIED


def attempt(user: User, password: str = PASSWORD, *, ip: str, client: APIClient | None = None) -> int:
    body = {"email": user.email, "password": password}
    answer = (client or APIClient()).post("/api/auth/signin", body, format="json", REMOTE_ADDR=ip)
    return int(answer.status_code)


def test_any_number_of_guesses_from_one_address_are_twenty_tries(world: Any, tried: list[str]) -> None:
    """And the victim signs in meanwhile, from elsewhere."""
    users = [world.owner.user, world.manager.user, world.chatter.user, world.outsider.user, world.owner.user]
    refused = 0
    for number in range(GUESSES):
        if number == GUESSES // 2:
            assert attempt(world.owner.user, ip="203.0.113.1") == 200
            tried.remove(PASSWORD)
        user = users[number % 5]
        refused += attempt(user, f"Guess-number-{number}", ip="198.51.100.66") == 429
    assert len(tried) <= 20
    assert refused == GUESSES - len(tried)


def test_guesses_from_everywhere_stop_at_fifty_but_for_known_devices(world: Any, tried: list[str]) -> None:
    owner, laptop = world.owner.user, APIClient()
    assert attempt(owner, ip="203.0.113.1", client=laptop) == 200
    tried.clear()
    for number in range(60):
        attempt(owner, f"Guess-number-{number}", ip=f"198.51.100.{number}")
    assert len(tried) == 50
    assert attempt(owner, ip="192.0.2.9") == 429
    assert attempt(owner, ip="192.0.2.9", client=laptop) == 200
    assert subjects().count("Somebody is guessing your password") == 1


@pytest.mark.parametrize(("kind", "letters"), [("known", 1), ("off", 0), ("nobody", 0)])
def test_the_last_guess_costs_the_same_whoever_it_is_about(world: Any, kind: str, letters: int) -> None:
    """A row that is written for people only would tell by its time that somebody is there."""
    user = User(email="nobody@example.test") if kind == "nobody" else world.owner.user
    if kind == "off":
        User.objects.filter(pk=user.pk).update(is_active=False)
    for number in range(50):
        attempt(user, f"Guess-number-{number}", ip=f"198.51.100.{number}")
    assert Mail.objects.filter(kind="guessing").count() == 1
    assert subjects().count("Somebody is guessing your password") == letters


def test_a_known_device_is_not_locked_out_by_a_neighbour(world: Any) -> None:
    """Behind one address, as in an office or a dormitory."""
    owner, laptop = world.owner.user, APIClient()
    assert attempt(owner, ip="203.0.113.1", client=laptop) == 200
    for number in range(30):
        attempt(owner, f"Guess-number-{number}", ip="203.0.113.1")
    assert attempt(owner, ip="203.0.113.1") == 429
    assert attempt(owner, ip="203.0.113.1", client=laptop) == 200


def test_a_known_device_guesses_five_times_too(world: Any) -> None:
    owner, laptop = world.owner.user, APIClient()
    attempt(owner, ip="203.0.113.1", client=laptop)
    codes = [attempt(owner, f"Guess-number-{n}", ip=f"198.51.100.{n}", client=laptop) for n in range(6)]
    assert codes == [401] * 5 + [429]


def test_a_device_is_known_for_its_person_only(world: Any) -> None:
    laptop = APIClient()
    attempt(world.manager.user, ip="203.0.113.1", client=laptop)
    for number in range(60):
        attempt(world.owner.user, f"Guess-number-{number}", ip=f"198.51.100.{number}")
    assert attempt(world.owner.user, ip="192.0.2.9", client=laptop) == 429


def test_a_made_up_device_is_a_stranger(world: Any) -> None:
    client = APIClient()
    client.cookies[django_settings.DEVICE_COOKIE_NAME] = "x" * 43
    for number in range(6):
        attempt(world.owner.user, f"Guess-number-{number}", ip="198.51.100.66")
    assert attempt(world.owner.user, ip="198.51.100.66", client=client) == 429


def test_a_new_device_is_told_once(world: Any) -> None:
    with time_machine.travel(NOW, tick=False):
        laptop = APIClient(HTTP_USER_AGENT="curl/8.5")
        attempt(world.owner.user, ip="203.0.113.1", client=laptop)
        attempt(world.owner.user, ip="198.51.100.7", client=laptop)
        (message,) = send()
    assert message.subject == "New sign-in"
    assert "curl, January 15, 2026" in str(message.body)
    assert KnownDevice.objects.get().last_seen_at == NOW


def test_the_device_of_a_sign_up_is_known_already(db: None) -> None:
    client = APIClient()
    body = {"name": "Luna", "email": "l@example.test", "password": "Correct-horse-7", "acceptTerms": True}
    client.post("/api/auth/signup", body, format="json")
    attempt(User.objects.get(), "Correct-horse-7", ip="127.0.0.1", client=client)
    assert subjects() == ["Welcome to Huntaze", "Confirm your email address"]


def test_a_stolen_refresh_token_without_the_device_s_cookie_is_seen_at_once(world: Any) -> None:
    """The same user agent is not the same device."""
    with time_machine.travel(NOW, tick=False) as clock:
        owner, thief = APIClient(), APIClient()
        attempt(world.owner.user, ip="203.0.113.1", client=owner)
        name = django_settings.REFRESH_COOKIE_NAME
        thief.cookies[name] = owner.cookies[name].value
        assert owner.post("/api/auth/refresh", {}, format="json").status_code == 200
        clock.shift(timedelta(seconds=1))
        assert thief.post("/api/auth/refresh", {}, format="json").status_code == 401
        assert owner.post("/api/auth/refresh", {}, format="json").status_code == 401
        assert subjects()[-1] == "A session was ended"
