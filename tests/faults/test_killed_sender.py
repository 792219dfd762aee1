"""Processes are killed in the middle of sending; the sandbox counts what arrived."""

from collections import Counter
from typing import Any

from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Delivery
from tests.factories.messaging import delivery
from tests.faults.house import House, wait_for
from tests.sandbox.server import Sandbox

WINDOW = 3.0


def states() -> Counter[str]:
    with cross_workspace("demo"):
        return Counter(Delivery.objects.values_list("state", flat=True))


def queue(fans: list[Any], owner: Any, count: int) -> set[str]:
    return {
        delivery(fans[number % len(fans)], owner, text=f"message {number}").public_id
        for number in range(count)
    }


def arrived(platform: Sandbox) -> Counter[str]:
    return Counter(row["idempotencyKey"] for row in platform.sent())


def expect_exactly_once(platform: Sandbox, keys: set[str]) -> None:
    counts = arrived(platform)
    print(f"arrived: {sum(counts.values())} of {len(keys)}, doubled: {sum(n > 1 for n in counts.values())}")
    assert counts == Counter(dict.fromkeys(keys, 1))
    assert all(row["acceptedUnderKey"] == 1 for row in platform.sent())
    limits = platform.control("GET", f"limits?window={WINDOW}")
    print("most in a window:", [row["maxInWindow"] for row in limits])
    assert max(row["maxInWindow"] for row in limits) <= 10


def test_50_messages_arrive_exactly_once_through_a_kill(
    platform: Sandbox, house: House, owner: Any, fans: list[Any]
) -> None:
    platform.control("POST", "settings", {"latencyMs": 150})
    keys = queue(fans, owner, 50)
    house.start_all()
    wait_for(lambda: len(platform.sent()) >= 12, seconds=40, what="12 arrived", house=house)
    house.kill("send")
    print(f"killed the sender after {len(platform.sent())} arrivals; rows: {dict(states())}")
    house.start_sender()
    wait_for(lambda: states() == {"sent": 50}, seconds=150, what="all sent", house=house)
    expect_exactly_once(platform, keys)


def test_three_kills_of_everything_lose_and_double_nothing(
    platform: Sandbox, house: House, owner: Any, fans: list[Any]
) -> None:
    platform.control("POST", "settings", {"latencyMs": 150})
    keys = queue(fans, owner, 60)
    house.start_all()
    for target in (8, 20, 30):
        wait_for(
            lambda n=target: len(platform.sent()) >= n, seconds=60, what=f"{target} arrived", house=house
        )
        for name in list(house.running):
            house.kill(name)
        print(f"killed sender, worker and beat after {len(platform.sent())} arrivals; rows: {dict(states())}")
        house.start_all()
    wait_for(lambda: states() == {"sent": 60}, seconds=200, what="all sent", house=house)
    expect_exactly_once(platform, keys)


def test_a_rolling_restart_leaves_nothing_uncertain(
    platform: Sandbox, house: House, owner: Any, fans: list[Any]
) -> None:
    platform.control("POST", "settings", {"latencyMs": 150})
    keys = queue(fans, owner, 40)
    house.start_all()
    wait_for(lambda: len(platform.sent()) >= 5, seconds=40, what="5 arrived", house=house)
    assert house.stop("send") == 0
    left = states()
    print(f"stopped the sender after {len(platform.sent())} arrivals; rows: {dict(left)}")
    assert left["queued"] > 0
    assert left["sending"] == left["uncertain"] == 0
    assert left["sent"] == len(platform.sent())
    house.start_sender()
    wait_for(lambda: states() == {"sent": 40}, seconds=120, what="all sent", house=house)
    expect_exactly_once(platform, keys)


def test_answers_lost_after_delivery_are_found_out(
    platform: Sandbox, house: House, owner: Any, fans: list[Any]
) -> None:
    keys = queue(fans, owner, 20)
    for kind in ("timeout_after", "reset_after", "reset_before", "5xx_not_sent"):
        platform.fault(kind, count=1, match={"method": "POST", "path": "*/messages"})
    house.start_all()
    wait_for(lambda: states() == {"sent": 20}, seconds=150, what="all sent", house=house)
    expect_exactly_once(platform, keys)
