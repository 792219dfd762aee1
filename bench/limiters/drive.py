"""The load of the limiter benchmark and what it counts."""

import random
from array import array
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Load:
    """`latency` is the shortest and longest way of one direction in seconds; `seconds` is how long one limiter runs."""

    accounts: int
    count: int
    window: float
    seconds: float
    latency: tuple[float, float]
    draw: random.Random

    def way(self) -> float:
        return self.draw.uniform(*self.latency)

    @property
    def allowed(self) -> float:
        """Messages that an exact limiter could let through."""
        return self.accounts * (self.seconds / self.window) * self.count


@dataclass
class Arrivals:
    """When messages arrived, by account; times are seconds of one clock."""

    times: dict[int, "array[float]"] = field(default_factory=dict)

    def add(self, account: int, at: float) -> None:
        self.times.setdefault(account, array("d")).append(at)

    def verdict(self, load: Load) -> dict[str, Any]:
        """Half-open windows (t - W, t]. `violations` are arrivals in a window that was full already."""
        most = over = in_full = sends = 0
        for times in self.times.values():
            counts = _counts(sorted(times), load.window)
            highest = max(counts)
            most = max(most, highest)
            over += highest > load.count
            in_full += sum(found > load.count for found in counts)
            sends += len(counts)
        return {
            "sends": sends,
            "max_in_window": most,
            "violations": in_full,
            "share_over": round(in_full / max(sends, 1), 4),
            "accounts_over": over,
            "efficiency": round(sends / load.allowed, 4),
        }


def _counts(ordered: list[float], window: float) -> list[int]:
    """For each arrival, how many lie in the window that ends with it."""
    counts, start = [], 0
    for end, at in enumerate(ordered):
        while ordered[start] <= at - window:
            start += 1
        counts.append(end - start + 1)
    return counts
