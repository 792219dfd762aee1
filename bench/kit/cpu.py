"""CPU time by process from /proc, and what the rest of the machine did meanwhile."""

import os
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Reading:
    """Seconds of CPU spent so far, by name; `machine` is everything that ran, ours included."""

    at: float
    by_name: dict[str, float]
    machine: float


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU seconds between two readings. `others` are cores that processes outside this benchmark kept busy."""

    seconds: float
    by_name: dict[str, float]
    others: float

    @property
    def cores(self) -> float:
        return sum(self.by_name.values()) / self.seconds

    def per(self, count: int) -> dict[str, float]:
        """Milliseconds of CPU for each of `count` things, by name and in all."""
        each = {name: round(value * 1000 / max(count, 1), 4) for name, value in self.by_name.items()}
        return each | {"all": round(sum(self.by_name.values()) * 1000 / max(count, 1), 4)}


def read(roots: Mapping[str, int]) -> Reading:
    """CPU of each root process with everything below it. Children that ended count through their parent."""
    own: dict[int, float] = {}
    children: dict[int, list[int]] = defaultdict(list)
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                fields = Path(entry.path, "stat").read_text().rsplit(")", 1)[1].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            pid = int(entry.name)
            children[int(fields[1])].append(pid)
            own[pid] = sum(int(value) for value in fields[11:15]) / TICKS
    by_name = {name: _tree(pid, own, children, set(roots.values()) - {pid}) for name, pid in roots.items()}
    return Reading(time.monotonic(), by_name, _machine())


def between(first: Reading, last: Reading) -> Spent:
    seconds = last.at - first.at
    by_name = {
        name: last.by_name[name] - first.by_name[name] for name in first.by_name if name in last.by_name
    }
    others = max(0.0, last.machine - first.machine - sum(by_name.values())) / seconds
    return Spent(seconds, by_name, round(others, 2))


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def _tree(pid: int, own: Mapping[int, float], children: Mapping[int, list[int]], others: set[int]) -> float:
    """A process and everything below it but the trees of other roots."""
    below = (child for child in children.get(pid, ()) if child not in others)
    return own.get(pid, 0.0) + sum(_tree(child, own, children, others) for child in below)


def _machine() -> float:
    """user, nice, system, irq, softirq and steal of all cores; idle and waiting for disks left out."""
    fields = [int(value) for value in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    return sum(fields[index] for index in (0, 1, 2, 5, 6)) / TICKS
