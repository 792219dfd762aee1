"""Waiting for arrivals at the sandbox, and what was spent between two of them."""

import time
from dataclasses import dataclass

from bench.kit import cpu
from bench.kit.house import House, Sandbox, wait_for


@dataclass(frozen=True, slots=True)
class Stretch:
    """A steady piece of a run: arrivals and CPU between its two ends."""

    sends: int
    spent: cpu.Spent

    @property
    def rate(self) -> float:
        return self.sends / self.spent.seconds


def stretch_of(house: House, sandbox: Sandbox, *, first: int, last: int, seconds: float) -> Stretch:
    """From the arrival that makes `first` in all to the one that makes `last`; start and end of a run are left out."""
    at_first = wait_for(
        lambda: _reached(sandbox, first), seconds=seconds, what=f"{first} arrivals", house=house
    )
    before = house.read()
    at_last = wait_for(lambda: _reached(sandbox, last), seconds=seconds, what=f"{last} arrivals", house=house)
    return Stretch(at_last - at_first, cpu.between(before, house.read()))


def stretch_for(house: House, sandbox: Sandbox, seconds: float) -> Stretch:
    """A stretch of this many seconds from now."""
    sent, before = sandbox.accepted(), house.read()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(min(1.0, max(0.0, end - time.monotonic())))
        if house.ended():
            raise SystemExit(f"ended by itself: {house.ended()}\n{house.tails()}")
    return Stretch(sandbox.accepted() - sent, cpu.between(before, house.read()))


def _reached(sandbox: Sandbox, count: int) -> int:
    accepted = sandbox.accepted()
    return accepted if accepted >= count else 0
