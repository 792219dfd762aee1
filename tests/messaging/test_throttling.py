"""Refusals for too many calls: one account's limit holds that account, a shared one holds everybody."""

import asyncio
import threading
import time
from typing import Any

import pytest

from huntaze.kernel import redis
from huntaze.kernel.limiter import Lane
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Delivery
from messaging.rules.throttling import Refusals
from messaging.services import limits, scheduler
from messaging.services.sending.pump import Pump
from tests.factories.accounts import CreatorFactory, MembershipFactory, PlatformAccountFactory
from tests.factories.messaging import FanFactory, delivery
from tests.faults.house import wait_for
from tests.sandbox.server import Sandbox

WAIT = 3


def test_one_account_refused_again_and_again_is_its_own_limit() -> None:
    refusals = Refusals()
    assert [refusals.note(7, 30.0, now) for now in (0.0, 1.0, 40.0)] == [None, None, None]


def test_two_accounts_refused_within_a_wait_share_the_limit() -> None:
    refusals = Refusals()
    assert [refusals.note(7, 30.0, 0.0), refusals.note(8, 30.0, 10.0)] == [None, 20.0]


def test_the_shorter_wait_holds_for_all() -> None:
    refusals = Refusals()
    assert [refusals.note(7, 30.0, 0.0), refusals.note(8, 5.0, 10.0)] == [None, 5.0]


def test_refusals_that_lie_further_apart_have_nothing_to_do_with_each_other() -> None:
    refusals = Refusals()
    assert [refusals.note(7, 30.0, 0.0), refusals.note(8, 30.0, 31.0)] == [None, None]


def place(platform: Sandbox) -> Any:
    """A fresh account of the sandbox, as ours, with one of its fans."""
    external_id = platform.control("POST", "accounts", {"fans": 1})["id"]
    account = PlatformAccountFactory(creator=CreatorFactory(), external_id=external_id)
    (row,) = platform.control("GET", f"fans?account={external_id}&limit=1")
    return FanFactory(account=account, platform_user_id=str(row["id"]))


def send(fan: Any) -> Delivery:
    row = delivery(fan, MembershipFactory(workspace=fan.workspace))
    limits.poke([(fan.account_id, Lane.INTERACTIVE)])
    return row


def is_state(row: Delivery, state: str) -> bool:
    with cross_workspace("demo"):
        return Delivery.objects.filter(pk=row.pk, state=state).exists()


def run(platform: Sandbox, fault: dict[str, Any], fans: list[Any], late: Any) -> float:
    """Refuse one message of each fan; returns how long the late fan's message took afterwards, all being sent."""
    platform.control("POST", "faults", {"dialect": "onlyfansapi", **fault})
    stop = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(Pump(seconds=60, is_stopping=stop.is_set).run()))
    thread.start()
    try:
        wait_for(lambda: redis.client().get("send:epoch"), seconds=10, what="the limiter's log is there")
        refused = [send(fan) for fan in fans]
        for row in refused:
            wait_for(lambda row=row: is_state(row, "scheduled"), seconds=10, what="it was refused")
        started = time.monotonic()
        last = send(late)
        wait_for(lambda: is_state(last, "sent"), seconds=20, what="the late one is sent")
        took = time.monotonic() - started

        def all_sent() -> bool:
            scheduler.schedule_deliveries()
            return all(is_state(row, "sent") for row in refused)

        wait_for(all_sent, seconds=20, what="the others are sent")
    finally:
        stop.set()
        thread.join()
    with cross_workspace("demo"):
        assert set(Delivery.objects.values_list("attempts", flat=True)) == {1}
    return took


@pytest.mark.django_db(transaction=True)
def test_one_refused_account_waits_alone(platform: Sandbox) -> None:
    fans, late = [place(platform)], place(platform)
    fault = {"kind": "rate_limit", "count": 1, "params": {"retryAfter": WAIT}}
    assert run(platform, fault, fans, late) < 1.5


@pytest.mark.django_db(transaction=True)
def test_two_refused_accounts_hold_everybody_and_no_attempt_is_counted(platform: Sandbox) -> None:
    fans, late = [place(platform), place(platform)], place(platform)
    fault = {"kind": "rate_limit", "count": 2, "params": {"retryAfter": WAIT}}
    assert WAIT - 1.5 < run(platform, fault, fans, late) < WAIT + 2


@pytest.mark.django_db(transaction=True)
def test_a_refusal_that_names_the_teams_minute_holds_everybody_at_once(platform: Sandbox) -> None:
    fans, late = [place(platform)], place(platform)
    body = {"_meta": {"_rate_limits": {"limit_minute": 1000, "remaining_minute": 0}}}
    params = {"code": 429, "body": body, "headers": {"Retry-After": str(WAIT)}}
    took = run(platform, {"kind": "status", "count": 1, "params": params}, fans, late)
    assert WAIT - 1.5 < took < WAIT + 2
