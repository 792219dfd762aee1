"""A campaign's caps on paper: a simulation that walks message by message says the same."""

from datetime import timedelta

import pytest

from messaging.rules.pacing import DAY, HOUR, Cap, caps_of, leaves_after

STEP = timedelta(seconds=6)


def walked(count: int, caps: tuple[Cap, ...], step: timedelta) -> list[timedelta]:
    """When each message leaves if every one goes as soon as the step and all windows let it."""
    left: list[timedelta] = []
    for number in range(count):
        at = left[-1] + step if left else timedelta(0)
        for cap in caps:
            if number >= cap.most:
                at = max(at, left[number - cap.most] + cap.window)
        left.append(at)
    return left


@pytest.mark.parametrize("per_day", [None, 1, 7, 50, 1000])
@pytest.mark.parametrize("per_hour", [None, 1, 5, 50, 599, 600, 601])
def test_the_formula_says_what_a_walk_finds(per_hour: int | None, per_day: int | None) -> None:
    caps = caps_of(per_hour=per_hour, per_day=per_day)
    assert [leaves_after(number, caps, STEP) for number in range(1300)] == walked(1300, caps, STEP)


def test_only_caps_that_are_set_count_the_shorter_window_first() -> None:
    assert caps_of(per_hour=None, per_day=None) == ()
    assert caps_of(per_hour=5, per_day=9) == (Cap(5, HOUR), Cap(9, DAY))
