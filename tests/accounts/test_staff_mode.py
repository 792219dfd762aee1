"""Staff mode: the staff's pages close after eight hours, or half an hour without them, whatever the session does."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import TotpDevice
from accounts.rules.staff import begins_mode, is_in_mode
from accounts.sessions import end_staff_mode, note_factor, note_proof
from huntaze.kernel import clock
from tests.factories.accounts import NOW, PASSWORD
from tests.factories.visits import staff

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("began", "seen", "is_open"),
    [
        (HOUR, MINUTE, True),
        (HOUR, 30 * MINUTE - timedelta(seconds=1), True),
        (HOUR, 30 * MINUTE, False),
        (8 * HOUR - timedelta(seconds=1), MINUTE, True),
        (8 * HOUR, MINUTE, False),
        (-MINUTE, -MINUTE, False),
        (None, None, False),
    ],
)
def test_for_how_long_the_mode_lasts(began: Any, seen: Any, is_open: bool) -> None:
    times = (began and NOW - began, seen and NOW - seen)
    assert is_in_mode(*times, NOW) is is_open


@pytest.mark.parametrize(
    ("ago", "begins"), [(0 * MINUTE, True), (10 * MINUTE, True), (11 * MINUTE, False), (-MINUTE, False)]
)
def test_a_proof_of_the_last_ten_minutes_begins_it(ago: timedelta, begins: bool) -> None:
    assert begins_mode(NOW - ago, NOW) is begins
    assert begins_mode(None, NOW) is False


@pytest.fixture
def desk(db: None) -> Client:
    """Signed in as staff, outside the mode."""
    client = Client()
    client.force_login(staff(), backend="django.contrib.auth.backends.ModelBackend")
    session = client.session
    end_staff_mode(session)
    session.save()
    return client


def opened(client: Client) -> tuple[int, str | None]:
    answer = client.get("/admin/find/?q=x")
    return answer.status_code, answer.get("Location")


LED = (302, "/confirm?factor=1&next=/admin/find/%3Fq%3Dx")


def test_without_a_proof_it_leads_to_one_and_back(desk: Client) -> None:
    assert opened(desk) == LED
    answer = desk.post("/confirm", {"password": PASSWORD, "next": "/admin/find/?q=x"})
    assert answer["Location"] == "/admin/find/?q=x"
    assert opened(desk) == (200, None)


def test_it_ends_when_unused_and_in_any_case_after_eight_hours(desk: Client) -> None:
    with time_machine.travel(clock.now(), tick=False) as time:
        session = desk.session
        note_proof(session, clock.now())
        session.save()
        assert opened(desk) == (200, None)
        for _ in range(24):  # used all day
            time.shift(20 * MINUTE)
            found = opened(desk)
        assert found == LED
        desk.post("/confirm", {"password": PASSWORD})
        assert opened(desk) == (200, None)
        time.shift(30 * MINUTE)
        assert opened(desk) == LED


def test_a_password_is_not_enough_for_somebody_with_a_second_factor(desk: Client) -> None:
    user_pk = desk.session["_auth_user_id"]
    TotpDevice.objects.create(user_id=user_pk, secret="x" * 32, created_at=NOW, confirmed_at=NOW)
    session = desk.session
    note_proof(session, clock.now())
    session.save()
    assert opened(desk) == LED
    note_factor(session, clock.now())
    session.save()
    assert opened(desk) == (200, None)


def test_signing_out_is_always_possible(desk: Client) -> None:
    assert desk.post("/admin/logout/").status_code == 200
