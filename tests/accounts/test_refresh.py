"""Refresh families: one living chain whatever is repeated, and its end for everybody when it was stolen."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from django.db import connection, transaction
from rest_framework.test import APIClient

from accounts.errors import InvalidRefreshToken
from accounts.models import AuditEvent, Membership, RefreshSession, RefreshToken, User
from accounts.services import signin, tokens
from accounts.types import SignedIn
from huntaze.kernel.tenancy import cross_workspace
from huntaze.kernel.web import Device
from tests.factories.accounts import NOW, PASSWORD, MembershipFactory, WorkspaceFactory

REFRESH, LOGOUT = "/api/auth/refresh", "/api/auth/logout"
STATUS = "/api/onlyfans/messaging/status"
LAPTOP, PHONE = Device("203.0.113.1", "laptop", b"l" * 32), Device("203.0.113.1", "phone", b"p" * 32)


def later(**parts: float) -> datetime:
    return NOW + timedelta(**parts)


@pytest.fixture
def signed(world: Any) -> SignedIn:
    return sign_in(world.owner)


def sign_in(member: Membership, *, device: Device = LAPTOP, is_remembered: bool = False) -> SignedIn:
    return signin.sign_in(
        email=member.user.email, password=PASSWORD, is_remembered=is_remembered, device=device, now=NOW
    )


def refresh(secret: str, at: datetime = NOW, *, device: Device = LAPTOP) -> SignedIn:
    return signin.refresh(secret=secret, device=device, now=at)


def refused(secret: str, at: datetime = NOW, *, device: Device = LAPTOP) -> bool:
    try:
        refresh(secret, at, device=device)
    except InvalidRefreshToken:
        return True
    return False


def opens(signed: SignedIn, at: datetime = NOW) -> int:
    """What the API says to the access token at that time."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {signed.access_token}")
    with time_machine.travel(at, tick=False):
        return int(client.get(STATUS).status_code)


def chain() -> list[tuple[int, bool]]:
    """Generations of the only family, and whether each is rotated."""
    rows = RefreshToken.objects.order_by("session_id", "generation")
    return [(row.generation, row.rotated_at is not None) for row in rows]


def test_a_refresh_gives_the_next_token_and_a_new_access_token(signed: SignedIn) -> None:
    second = refresh(signed.refresh_token, later(minutes=10))
    assert second.refresh_token != signed.refresh_token
    assert len(second.refresh_token) == 47
    assert chain() == [(1, True), (2, False)]
    assert opens(second, later(minutes=20)) == 200
    assert opens(signed, later(minutes=20)) == 401
    assert RefreshSession.objects.get().last_used_at == later(minutes=10)


def test_the_chain_goes_on(signed: SignedIn) -> None:
    secret = signed.refresh_token
    for minutes in (10, 20, 30, 40):
        secret = refresh(secret, later(minutes=minutes)).refresh_token
    assert chain() == [(1, True), (2, True), (3, True), (4, True), (5, False)]


def test_a_repeated_request_within_20_seconds_gets_the_same_child(signed: SignedIn) -> None:
    first = refresh(signed.refresh_token)
    twin = refresh(signed.refresh_token, later(seconds=20))
    assert twin.refresh_token == first.refresh_token
    assert chain() == [(1, True), (2, False)]
    assert [opens(item, later(seconds=20)) for item in (first, twin)] == [200, 200]


def test_a_replay_after_20_seconds_ends_the_family_and_its_access_tokens(
    world: Any, signed: SignedIn
) -> None:
    child = refresh(signed.refresh_token)
    assert opens(child) == 200
    assert refused(signed.refresh_token, later(seconds=21))
    assert refused(child.refresh_token, later(seconds=22))
    assert [opens(item) for item in (signed, child)] == [401, 401]
    session = RefreshSession.objects.get()
    assert (session.revoked_reason, session.revoked_at) == ("reuse", later(seconds=21))
    with cross_workspace("demo"):
        row = AuditEvent.objects.get(action="auth.refresh_reused")
    assert (row.target, row.actor_kind, row.workspace_id) == (
        session.public_id,
        "system",
        world.owner.workspace_id,
    )


def test_a_replay_by_another_device_is_theft_at_once(signed: SignedIn) -> None:
    child = refresh(signed.refresh_token)
    assert refused(signed.refresh_token, later(seconds=1), device=PHONE)
    assert refused(child.refresh_token, later(seconds=2))


def test_a_grandparent_within_the_grace_time_is_theft(signed: SignedIn) -> None:
    child = refresh(signed.refresh_token)
    grandchild = refresh(child.refresh_token, later(seconds=5))
    assert refused(signed.refresh_token, later(seconds=6))
    assert refused(grandchild.refresh_token, later(seconds=7))


def test_theft_on_one_device_does_not_end_the_others(world: Any, signed: SignedIn) -> None:
    phone = sign_in(world.owner, device=PHONE)
    refresh(signed.refresh_token)
    assert refused(signed.refresh_token, later(minutes=1))
    assert opens(phone) == 200
    assert not refused(phone.refresh_token, later(minutes=2), device=PHONE)


def test_the_owner_may_move_to_another_browser_version(signed: SignedIn) -> None:
    """The device matters for repeats only: an updated browser goes on with its unused token."""
    assert not refused(signed.refresh_token, later(minutes=1), device=PHONE)


@pytest.mark.parametrize("secret", ["", "hzr_", "hzr_" + "x" * 43, "\x00", "é" * 40])
def test_an_unknown_token_is_refused(signed: SignedIn, secret: str) -> None:
    assert refused(secret)
    assert chain() == [(1, False)]


@pytest.mark.parametrize(
    ("is_remembered", "days", "is_refused"),
    [(False, 6.99, False), (False, 7, True), (True, 29.99, False), (True, 30, True)],
)
def test_an_unused_family_ends(world: Any, is_remembered: bool, days: float, is_refused: bool) -> None:
    signed = sign_in(world.owner, is_remembered=is_remembered)
    assert refused(signed.refresh_token, later(days=days)) is is_refused


def test_a_family_ends_after_30_days_however_much_it_is_used(signed: SignedIn) -> None:
    secret = signed.refresh_token
    for day in (6, 12, 18, 24, 29):
        last = refresh(secret, later(days=day))
        secret = last.refresh_token
    assert last.refresh_expires_at == later(days=30)
    assert refused(secret, later(days=30))


def test_an_ended_session_version_ends_refreshing_and_access(world: Any, signed: SignedIn) -> None:
    User.objects.filter(pk=world.owner.user_id).update(session_version=2)
    assert opens(signed) == 401
    assert refused(signed.refresh_token)


def test_an_ended_membership_ends_refreshing_and_access(world: Any, signed: SignedIn) -> None:
    with cross_workspace("demo"):
        Membership.objects.filter(pk=world.owner.pk).update(ended_at=NOW)
    assert opens(signed) == 401
    assert refused(signed.refresh_token)


def test_a_membership_elsewhere_does_not_help(world: Any, signed: SignedIn) -> None:
    MembershipFactory(user=world.owner.user, workspace=WorkspaceFactory())
    with cross_workspace("demo"):
        Membership.objects.filter(pk=world.owner.pk).update(ended_at=NOW)
    assert opens(signed) == 401
    assert refused(signed.refresh_token)


def test_an_inactive_person_is_out(world: Any, signed: SignedIn) -> None:
    User.objects.filter(pk=world.owner.user_id).update(is_active=False)
    assert opens(signed) == 401
    assert refused(signed.refresh_token)


# --- at once


def in_threads(count: int, threads: int, work: Callable[[int], Any]) -> list[Any]:
    def run(number: int) -> Any:
        try:
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, range(count)))


@pytest.mark.django_db(transaction=True)
def test_50_refreshes_at_once_leave_one_living_chain(signed: SignedIn) -> None:
    barrier = threading.Barrier(10)

    def work(_: int) -> str:
        barrier.wait(10)
        return refresh(signed.refresh_token, later(seconds=1)).refresh_token

    found = Counter(in_threads(50, 10, work))
    assert list(found.values()) == [50]
    assert chain() == [(1, True), (2, False)]
    assert not refused(next(iter(found)), later(minutes=1))


def _overlapping(update: Callable[[], int]) -> list[int]:
    """Two transactions that update the same row: the second waits for the first one's lock."""
    is_locked = threading.Event()

    def work(number: int) -> int:
        if number:
            is_locked.wait(5)
        with transaction.atomic():
            changed = update()
            if not number:
                is_locked.set()
                time.sleep(0.1)
            return changed

    return in_threads(2, 2, work)


@pytest.mark.django_db(transaction=True)
def test_without_a_condition_on_the_row_itself_both_callers_win(signed: SignedIn) -> None:
    """No condition, or one behind a join: PostgreSQL looks again only at the updated row after the wait."""
    mine = RefreshToken.objects.filter(digest=tokens.digest(signed.refresh_token))
    assert _overlapping(lambda: mine.update(rotated_at=NOW)) == [1, 1]
    mine.update(rotated_at=None)
    joined = mine.filter(rotated_at=None, session__revoked_at=None)
    assert _overlapping(lambda: joined.update(rotated_at=NOW)) == [1, 1]
    mine.update(rotated_at=None)
    assert _overlapping(lambda: tokens._win(mine.get(), NOW)) == [True, False]


# --- logging out


def browser(signed: SignedIn) -> APIClient:
    client = APIClient()
    client.cookies[django_settings.REFRESH_COOKIE_NAME] = signed.refresh_token
    return client


def test_the_cookie_is_exchanged_over_http(world: Any) -> None:
    client = APIClient()
    body = {"email": world.owner.user.email, "password": PASSWORD}
    client.post("/api/auth/signin", body, format="json")
    before = client.cookies[django_settings.REFRESH_COOKIE_NAME].value
    answer = client.post(REFRESH, {}, format="json")
    assert (answer.status_code, set(answer.json())) == (200, {"accessToken"})
    assert answer.cookies[django_settings.REFRESH_COOKIE_NAME].value != before
    assert client.post(REFRESH, {}, format="json").status_code == 200


def test_no_cookie_and_a_bad_cookie_are_the_same_401(db: None) -> None:
    client = APIClient()
    for _ in range(2):
        answer = client.post(REFRESH, {}, format="json")
        assert (answer.status_code, answer.json()["error"]) == (401, "Invalid refresh token")
        client.cookies[django_settings.REFRESH_COOKIE_NAME] = "hzr_unknown"


@pytest.mark.parametrize("path", [REFRESH, LOGOUT])
@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_what_a_foreign_form_can_send_is_refused(signed: SignedIn, path: str, content_type: str) -> None:
    answer = browser(signed).generic("POST", path, b"{}", content_type=content_type)
    assert answer.status_code == 415
    assert chain() == [(1, False)]
    assert RefreshSession.objects.get().revoked_at is None


def test_a_foreign_origin_can_not_use_the_cookie(signed: SignedIn) -> None:
    for path in (REFRESH, LOGOUT):
        answer = browser(signed).post(path, {}, format="json", HTTP_ORIGIN="https://evil.example")
        assert answer.status_code == 403
    assert chain() == [(1, False)]
    assert RefreshSession.objects.get().revoked_at is None


def test_logging_out_here_ends_this_device_only(world: Any, signed: SignedIn) -> None:
    phone = sign_in(world.owner, device=PHONE)
    answer = browser(signed).post(LOGOUT, {}, format="json")
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    assert answer.cookies[django_settings.REFRESH_COOKIE_NAME]["expires"] == "Thu, 01 Jan 1970 00:00:00 GMT"
    assert (opens(signed), refused(signed.refresh_token)) == (401, True)
    assert (opens(phone), refused(phone.refresh_token, device=PHONE)) == (200, False)


def test_logging_out_everywhere_ends_every_device(world: Any, signed: SignedIn) -> None:
    phone, other = sign_in(world.owner, device=PHONE), sign_in(world.manager)
    assert browser(signed).post(LOGOUT, {"everywhere": True}, format="json").status_code == 200
    assert [opens(signed), opens(phone), opens(other)] == [401, 401, 200]
    assert refused(phone.refresh_token, device=PHONE)
    assert not refused(other.refresh_token)
    with cross_workspace("demo"):
        assert AuditEvent.objects.filter(action="auth.signed_out", actor_user=world.owner.user).count() == 1


def test_logging_out_without_a_session_is_no_error(db: None) -> None:
    client = APIClient()
    assert client.post(LOGOUT, {}, format="json").status_code == 200
    client.cookies[django_settings.REFRESH_COOKIE_NAME] = "hzr_unknown"
    client.credentials(HTTP_AUTHORIZATION="Bearer expired")
    assert client.post(LOGOUT, {"everywhere": True}, format="json").status_code == 200
