"""Caps that staff set, and the kill switch, seen in what a claim takes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from huntaze.kernel import clock
from huntaze.kernel.limiter import Grant, Lane
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Delivery, SendPolicy, SendSwitch
from messaging.services.sending import claims
from messaging.services.status import queue_status
from messaging.services.switch import set_switch
from tests.factories.accounts import UserFactory
from tests.factories.messaging import FanFactory, delivery


def claim(account: Any, count: int = 10) -> list[int]:
    grant = Grant(account.pk, Lane.INTERACTIVE, 1, tuple(f"slot{n}" for n in range(count)))
    with cross_workspace("send engine"):
        return [row.id for row in claims.claim([grant], lease=30)]


def queue(world: Any, fans: int, each: int) -> list[int]:
    many = [FanFactory(account=world.account) for _ in range(fans)]
    return [delivery(fan, world.owner).pk for _ in range(each) for fan in many]


def test_without_caps_a_claim_takes_what_was_granted_in_order(world: Any) -> None:
    pks = queue(world, 12, 1)
    assert sorted(claim(world.account)) == pks[:10]


def test_the_strictest_cap_wins(world: Any) -> None:
    pks = queue(world, 12, 1)
    SendPolicy.objects.create(name="hour", window_seconds=3600, count=7)
    SendPolicy.objects.create(name="day", window_seconds=86_400, count=5, account=world.account)
    SendPolicy.objects.create(name="off", window_seconds=86_400, count=1, is_active=False)
    SendPolicy.objects.create(name="other", window_seconds=86_400, count=1, account=world.other_account)
    assert sorted(claim(world.account)) == pks[:5]
    assert claim(world.account) == []


def test_what_left_the_window_no_longer_counts(world: Any) -> None:
    old = queue(world, 3, 1)
    with cross_workspace("demo"):
        past = clock.now() - timedelta(seconds=61)
        Delivery.objects.filter(pk__in=old).update(state="sent", dispatched_at=past)
    pks = queue(world, 4, 1)
    SendPolicy.objects.create(name="minute", window_seconds=60, count=3)
    assert sorted(claim(world.account)) == pks[:3]


def test_warm_up_holds_for_young_accounts_only(world: Any) -> None:
    pks = queue(world, 4, 1)
    world.account.connected_at = clock.now() - timedelta(days=3)
    with cross_workspace("demo"):
        world.account.save(update_fields=["connected_at"])
    SendPolicy.objects.create(name="first days", window_seconds=86_400, count=1, until_account_age_days=2)
    assert sorted(claim(world.account)) == pks
    SendPolicy.objects.create(name="first week", window_seconds=86_400, count=1, until_account_age_days=7)
    assert claim(world.account) == []


def test_a_cap_for_each_fan_lets_other_fans_through(world: Any) -> None:
    pks = queue(world, 2, 3)
    SendPolicy.objects.create(name="two a minute", window_seconds=60, count=2, is_per_fan=True)
    first = claim(world.account)
    assert sorted(first) == pks[:2]
    with cross_workspace("demo"):
        Delivery.objects.filter(pk__in=first).update(state="sent")
    second = claim(world.account)
    assert sorted(second) == pks[2:4]
    with cross_workspace("demo"):
        Delivery.objects.filter(pk__in=second).update(state="sent")
    assert claim(world.account) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_locked", [False, True])
def test_two_senders_share_one_cap(world: Any, monkeypatch: pytest.MonkeyPatch, is_locked: bool) -> None:
    """Without the lock both count the same room; with it the cap holds."""
    queue(world, 12, 1)
    SendPolicy.objects.create(name="minute", window_seconds=60, count=4)
    if not is_locked:
        monkeypatch.setattr(claims, "_LOCK_ACCOUNTS", "SELECT 1")
    original = claims._cut_to_room

    def slowly(cursor: Any, values: Any) -> None:
        original(cursor, values)
        cursor.execute("SELECT pg_sleep(0.3)")

    monkeypatch.setattr(claims, "_cut_to_room", slowly)

    def one(_: int) -> int:
        try:
            return len(claim(world.account, count=4))
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        taken = sum(pool.map(one, range(2)))
    assert taken == (4 if is_locked else 8)


def test_the_kill_switch_stops_every_claim_and_says_so(world: Any) -> None:
    pks = queue(world, 2, 1)
    set_switch(is_stopped=True, reason="drill", user_pk=None, now=clock.now())
    assert claim(world.account) == []
    with cross_workspace("demo"):
        status = queue_status(account_pks=[world.account.pk], now=clock.now())
    assert status["health"] == {
        "status": "unhealthy",
        "message": "Sending is stopped for everybody by the operator.",
    }
    set_switch(is_stopped=False, reason="drill over", user_pk=None, now=clock.now())
    assert sorted(claim(world.account)) == pks


def test_staff_throw_the_switch_in_the_admin(world: Any, client: Client) -> None:
    staff = UserFactory(is_staff=True, is_superuser=True)
    client.force_login(staff)
    answer = client.post("/admin/messaging/sendswitch/add/", {"is_stopped": "on", "reason": "wrong campaign"})
    assert answer.status_code == 302
    row = SendSwitch.objects.get()
    assert (row.is_stopped, row.reason, row.changed_by_id) == (True, "wrong campaign", staff.pk)
    assert client.get(f"/admin/messaging/sendswitch/{row.pk}/change/").status_code == 200


def test_a_paused_or_expired_account_gives_nothing(world: Any) -> None:
    queue(world, 1, 1)
    for change in ({"is_sending_paused": True}, {"is_sending_paused": False, "state": "expired"}):
        with cross_workspace("demo"), transaction.atomic():
            type(world.account).objects.filter(pk=world.account.pk).update(**change)
        assert claim(world.account) == []


@pytest.mark.parametrize("status", ["read_only", "suspended", "closing", "erased"])
def test_a_workspace_that_is_not_active_sends_nothing(world: Any, status: str) -> None:
    queue(world, 1, 1)
    type(world.owner.workspace).objects.filter(pk=world.owner.workspace_id).update(status=status)
    assert claim(world.account) == []


@pytest.mark.parametrize("status", ["paused", "offboarded"])
def test_a_creator_who_is_not_active_sends_nothing(world: Any, status: str) -> None:
    queue(world, 1, 1)
    with cross_workspace("demo"):
        type(world.creator).objects.filter(pk=world.creator.pk).update(status=status)
    assert claim(world.account) == []
