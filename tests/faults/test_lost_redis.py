"""Redis forgets everything in the middle of sending: the limiter rebuilds from the rows, and never grants too much."""

from typing import Any

from huntaze.kernel import redis
from tests.faults.house import House, wait_for
from tests.faults.test_killed_sender import expect_exactly_once, queue, states
from tests.sandbox.server import Sandbox


def test_a_flush_twice_never_exceeds_the_limit(
    platform: Sandbox, house: House, owner: Any, fans: list[Any]
) -> None:
    platform.control("POST", "settings", {"latencyMs": 50})
    keys = queue(fans, owner, 60)
    house.start_all()
    for target in (12, 30):
        wait_for(
            lambda n=target: len(platform.sent()) >= n, seconds=40, what=f"{target} arrived", house=house
        )
        redis.client().flushdb()
        print(f"flushed Redis after {len(platform.sent())} arrivals; rows: {dict(states())}")
    wait_for(lambda: states() == {"sent": 60}, seconds=150, what="all sent", house=house)
    expect_exactly_once(platform, keys)
