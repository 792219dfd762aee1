"""One account whose messages keep failing: its queue waits, one message tries again, and nobody else notices."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from accounts.models import Membership, PlatformAccount
from huntaze.kernel import breaker, clock, redis
from huntaze.kernel.breaker_rules import Limits, State
from huntaze.kernel.health import Status
from huntaze.kernel.limiter import Grant, Lane
from huntaze.kernel.tenancy import cross_workspace
from huntaze.platforms.onlyfansapi import VENDOR
from messaging.models import Delivery
from messaging.services import circuits, limits, scheduler
from messaging.services.board import board
from messaging.services.circuits import Tried
from messaging.services.sending.pump import Pump
from messaging.services.status import queue_status
from tests.factories.accounts import CreatorFactory, MembershipFactory, PlatformAccountFactory
from tests.factories.messaging import FanFactory, delivery
from tests.faults.house import wait_for
from tests.kernel.redis_calls import scripts
from tests.sandbox.server import Sandbox

OPEN_SECONDS = 1.5


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = Limits(open_ms=int(OPEN_SECONDS * 1000), max_open_ms=int(OPEN_SECONDS * 1000))
    monkeypatch.setattr(circuits, "LIMITS", limit)


@contextmanager
def pumping() -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(Pump(seconds=90, is_stopping=stop.is_set).run()))
    thread.start()
    try:
        wait_for(lambda: redis.client().get("send:epoch"), seconds=10, what="the limiter's log is there")
        yield
    finally:
        stop.set()
        thread.join()


def stage(platform: Sandbox, owner: Membership, external_id: str, count: int) -> PlatformAccount:
    """An account of the sandbox with a message queued to each of some of its fans."""
    creator = CreatorFactory(workspace=owner.workspace)
    account: PlatformAccount = PlatformAccountFactory(creator=creator, external_id=external_id)
    for row in platform.control("GET", f"fans?account={external_id}&limit={count}"):
        delivery(FanFactory(account=account, platform_user_id=str(row["id"])), owner)
    return account


def states(account: PlatformAccount) -> Counter[str]:
    with cross_workspace("demo"):
        return Counter(Delivery.objects.filter(account=account).values_list("state", flat=True))


def calls(platform: Sandbox, account: PlatformAccount) -> int:
    rows = platform.control("GET", "requests?limit=1000")
    return sum(row["account"] == account.external_id and row["method"] == "POST" for row in rows)


@pytest.mark.django_db(transaction=True)
def test_its_queue_waits_and_another_account_does_not_notice(platform: Sandbox, settings: Any) -> None:
    settings.SEND_LIMIT_WINDOW_SECONDS = 3.0
    owner = MembershipFactory(role="owner")
    ill = stage(platform, owner, platform.account, 14)
    well = stage(platform, owner, platform.other, 10)
    match = {"account": ill.external_id, "method": "POST"}
    platform.control("POST", "faults", {"kind": "5xx_not_sent", "dialect": "onlyfansapi", "match": match})
    with pumping():
        limits.poke([(ill.pk, Lane.INTERACTIVE), (well.pk, Lane.INTERACTIVE)])
        wait_for(lambda: states(well) == {"sent": 10}, seconds=20, what="the other account's are sent")
        wait_for(lambda: circuits.troubled([ill.pk]), seconds=10, what="its breaker is open")
        assert circuits.troubled([well.pk]) == frozenset()
        assert breaker.states([VENDOR])[VENDOR] is State.CLOSED
        wait_for(lambda: not states(ill)["sending"], seconds=10, what="nothing is in flight")
        before = calls(platform, ill)
        assert (5 <= before <= 10, states(ill)["queued"]) == (True, 14 - before)
        with cross_workspace("demo"):
            body = queue_status(account_pks=[ill.pk, well.pk], now=clock.now())
            lines = board([ill, well], clock.now()).lines
        assert body["health"] == {
            "status": "degraded",
            "message": "Messages of an account keep failing: they wait until a trial gets through.",
        }
        assert [line.is_troubled for line in lines] == [True, False]
        assert (circuits.check().status, circuits.check().details) == (
            Status.DEGRADED,
            {"accountsHeldBack": 1},
        )
        wait_for(lambda: calls(platform, ill) > before, seconds=10, what="the probe")
        wait_for(
            lambda: circuits.accounts().verdicts([ill.pk])[ill.pk].wait > OPEN_SECONDS / 2,
            seconds=5,
            what="the probe failed and it is open again",
        )
        assert calls(platform, ill) == before + 1
        platform.control("DELETE", "faults")

        def all_sent() -> bool:
            scheduler.schedule_deliveries()
            return states(ill) == {"sent": 14}

        wait_for(all_sent, seconds=40, what="all are sent once the trouble is over")
    assert circuits.check().status is Status.HEALTHY
    assert len({row["idempotencyKey"] for row in platform.sent()}) == len(platform.sent()) == 24


def tried(account: int, code: str = "") -> Tried:
    return Tried(account, code, 5.0)


def test_while_nothing_fails_a_settle_costs_one_call() -> None:
    with scripts() as ran:
        circuits.tell([tried(number) for number in range(1000)], has_trouble=False)
    assert len(ran) == 1


def test_what_an_account_holds_back_for_is_told_at_once() -> None:
    held = circuits.tell([tried(7, "timeout")] * 5 + [tried(8)], has_trouble=True)
    assert list(held) == [7]
    assert OPEN_SECONDS - 0.5 < held[7] <= OPEN_SECONDS


def test_refusals_of_messages_are_the_service_working() -> None:
    refusals = [
        tried(7, code) for code in ("not_found", "banned_words", "invalid", "rate_limited", "forbidden")
    ]
    assert circuits.tell(refusals * 4, has_trouble=True) == {}


def test_many_accounts_failing_open_the_vendors_breaker() -> None:
    for account in (1, 2):
        circuits.tell([tried(account, "timeout")] * 4, has_trouble=True)
    assert breaker.states([VENDOR])[VENDOR] is State.CLOSED
    circuits.tell([tried(3, "timeout")] * 2, has_trouble=True)
    assert breaker.states([VENDOR])[VENDOR] is State.OPEN


def test_a_run_of_failures_among_many_that_arrive_says_nothing_of_the_vendor() -> None:
    circuits.tell([tried(number) for number in range(100)], has_trouble=False)
    circuits.tell([tried(number, "timeout") for number in range(12)], has_trouble=True)
    assert breaker.states([VENDOR])[VENDOR] is State.CLOSED


def test_an_open_accounts_grants_go_back_and_a_half_open_one_keeps_one_slot() -> None:
    def grant(account: int, lane: Lane, count: int) -> Grant:
        return Grant(account, lane, 1, tuple(f"{account}:{lane}:{n}" for n in range(count)))

    grants = [grant(1, Lane.BULK, 1), grant(2, Lane.INTERACTIVE, 3), grant(2, Lane.BULK, 1)]
    circuits.tell([tried(2, "timeout")] * 5, has_trouble=True)
    found = circuits.sort(grants)
    assert (found.kept, found.returned, [account for account, _ in found.held]) == (
        grants[:1],
        grants[1:],
        [2],
    )
    wait_for(lambda: circuits.accounts().verdicts([2])[2].may_probe, seconds=5, what="half open")
    found = circuits.sort(grants)
    assert (found.kept, found.probing) == (
        [grants[0], Grant(2, Lane.INTERACTIVE, 1, grants[1].slots[:1])],
        [2],
    )
    assert sum(len(item.slots) for item in found.returned) == 3
    again = circuits.sort(grants)
    assert (again.kept, again.held[0][1] <= 1.0) == (grants[:1], True)


@pytest.mark.django_db(transaction=True)
def test_a_wish_without_rows_does_not_use_up_the_vendors_probe(platform: Sandbox, settings: Any) -> None:
    """A probe that is given out and not used blocks the next one for a minute."""
    owner = MembershipFactory(role="owner")
    empty, full = stage(platform, owner, platform.account, 0), stage(platform, owner, platform.other, 3)
    limits.poke([(empty.pk, Lane.INTERACTIVE)])
    for _ in range(5):
        breaker.record(VENDOR, False)
    redis.client().hset("brk:{onlyfansapi}", "until", 0)  # the time to wait is over
    assert breaker.states([VENDOR])[VENDOR] is State.HALF_OPEN
    with pumping():
        wait_for(lambda: states(full) == {"sent": 3}, seconds=20, what="all sent")
    assert breaker.states([VENDOR])[VENDOR] is State.CLOSED
