"""Estimates against a simulation of the limiter, over every state of a small model."""

from itertools import combinations_with_replacement

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntaze.kernel.limiter import Lane, Limit, Outlook
from messaging.rules.estimates import wait_seconds

SMALL = Limit(count=3, window=6.0, lease=1.0)
STEP = 2
CONTRACT = Limit(count=10, window=60.0, lease=30.0)


def simulated(outlook: Outlook, lane: Lane, most: int) -> list[int]:
    """Second by second what the limiter does with an endless queue: when each message leaves, answers in no time."""
    slots, pace, left, now = [int(at) for at in outlook.releases], int(outlook.paced_for), [], 0
    while len(left) < most:
        slots = [at for at in slots if at > now]
        while (
            len(slots) < SMALL.count and now >= outlook.held_for and (lane is Lane.INTERACTIVE or now >= pace)
        ):
            left.append(now)
            slots.append(now + int(SMALL.window))
            if lane is Lane.BULK:
                pace = (now if pace < now - STEP else pace) + STEP
        now += 1
    return left[:most]


@pytest.mark.parametrize("lane", Lane)
@pytest.mark.parametrize("held", [0, 1, 4, 7, 13])
@pytest.mark.parametrize("paced", [0, 1, 2, 5, 9])
def test_every_small_state_is_told_as_it_comes(lane: Lane, held: int, paced: int) -> None:
    """Up to four held slots (one too many, as after a rebuild), each released within the window; twelve messages."""
    for count in range(5):
        for releases in combinations_with_replacement(range(1, 7), count):
            outlook = Outlook(tuple(float(at) for at in releases), float(held), float(paced))
            told = [
                wait_seconds(limit=SMALL, outlook=outlook, lane=lane, before=number) for number in range(12)
            ]
            assert told == simulated(outlook, lane, 12), outlook


@pytest.mark.parametrize(
    ("before", "seconds"), [(0, 0), (9, 0), (10, 60), (19, 60), (20, 120), (100_000, 600_000)]
)
def test_an_idle_accounts_messages_go_ten_a_minute(before: int, seconds: float) -> None:
    nothing = Outlook((), 0.0, 0.0)
    assert wait_seconds(limit=CONTRACT, outlook=nothing, lane=Lane.INTERACTIVE, before=before) == seconds


@pytest.mark.parametrize(("before", "seconds"), [(0, 0), (1, 6), (10, 60), (99_999, 599_994)])
def test_a_campaign_goes_one_each_six_seconds(before: int, seconds: float) -> None:
    nothing = Outlook((), 0.0, 0.0)
    assert wait_seconds(limit=CONTRACT, outlook=nothing, lane=Lane.BULK, before=before) == seconds


def test_a_campaign_after_a_burst_does_not_go_all_at_once() -> None:
    """Ten replies hold every slot for another minute: the campaign's first leaves then, its tenth 54 s later."""
    full = Outlook((60.0,) * 10, 0.0, 0.0)
    told = [
        wait_seconds(limit=CONTRACT, outlook=full, lane=Lane.BULK, before=number) for number in (0, 1, 9, 10)
    ]
    assert told == [60, 66, 114, 120]


@given(
    st.lists(st.floats(0.001, 60), max_size=12).map(sorted),
    st.floats(0, 100),
    st.floats(0, 100),
    st.sampled_from(Lane),
    st.integers(0, 500),
)
def test_a_place_further_back_never_leaves_earlier_nor_the_limit_is_broken(
    releases: list[float], held: float, paced: float, lane: Lane, before: int
) -> None:
    outlook = Outlook(tuple(releases), held, paced)
    mine, later, round_later = (
        wait_seconds(limit=CONTRACT, outlook=outlook, lane=lane, before=before + more) for more in (0, 1, 10)
    )
    assert held <= mine <= later
    assert round_later >= mine + 60 - 1e-6
