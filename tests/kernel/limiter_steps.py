"""Steps that tests of the send limiter share."""

import time
from typing import Any

import pytest

from huntaze.kernel.limiter import Grant, Limit, Limiter, LogLost, News

ACCOUNT = 7
SMALL = Limit(count=10, window=1.0, lease=0.6)


def ready(limit: Limit) -> Limiter:
    """A limiter whose log has just been made, with nothing in it."""
    made = Limiter(limit, prefix="test:")
    assert rebuild(made, [], []) is True
    return made


def lost(limiter: Limiter) -> str:
    with pytest.raises(LogLost) as raised:
        limiter.tick(News())
    return raised.value.run_id


def rebuild(limiter: Limiter, slots: Any, wishes: Any) -> bool:
    run_id = lost(limiter)
    return limiter.may_rebuild(run_id) and limiter.rebuild(run_id, slots, wishes)


def names(grants: list[Grant]) -> list[str]:
    return [slot for grant in grants for slot in grant.slots]


def dated(grants: list[Grant]) -> News:
    return News(dated=[(grant.account, slot, 0, 0) for grant in grants for slot in grant.slots])


def returned(grants: list[Grant]) -> News:
    return News(returned=[(grant.account, slot, 0) for grant in grants for slot in grant.slots])


def first_grant(limiter: Limiter, within: float = 3.0) -> float:
    """Seconds until a tick grants something."""
    started = time.monotonic()
    while time.monotonic() - started < within:
        if limiter.tick(News()):
            return time.monotonic() - started
        time.sleep(0.002)
    raise AssertionError("nothing was granted")


def quiet(grant: Grant) -> News:
    """Nothing was there to send: the slots go back and the wish ends."""
    news = returned([grant])
    news.idle = [(grant.account, str(grant.lane), grant.sequence)]
    return news
