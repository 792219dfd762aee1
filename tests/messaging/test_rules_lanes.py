"""Lanes: single messages burst down to the default priority; less urgent ones are paced."""

import pytest

from huntaze.kernel.limiter import Lane
from messaging.rules.lanes import DEFAULT, HIGHEST, LOWEST, lane_of


@pytest.mark.parametrize("priority", range(1, 10))
def test_the_lane_follows_from_the_priority(priority: int) -> None:
    assert lane_of(priority) is (Lane.INTERACTIVE if priority <= 5 else Lane.BULK)


def test_the_contracts_priorities() -> None:
    assert (HIGHEST, DEFAULT, LOWEST) == (1, 5, 9)
    assert lane_of(DEFAULT) is Lane.INTERACTIVE
