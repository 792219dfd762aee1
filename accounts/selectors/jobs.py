"""Long work of a workspace, read from the rows that do it: exports and erasures here, what other apps register."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from accounts.models import PrivacyRequest
from accounts.selectors.privacy import requests_of
from huntaze.kernel.api.principal import Principal
from huntaze.kernel.outbox import State

#: Jobs of one kind that are shown, newest first.
MOST = 20


class JobState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN = frozenset({JobState.WAITING, JobState.RUNNING, JobState.PAUSED})


@dataclass(frozen=True, slots=True)
class JobLine:
    """One job as a page shows it. `done` of `total` are counted from rows; `total` is None where nobody knows it.

    `kind` is campaign, export, erase or fans.
    """

    id: str
    kind: str
    title: str
    state: JobState
    asked_at: datetime
    done: int = 0
    total: int | None = None
    failed: int = 0
    ends_at: datetime | None = None
    ended_at: datetime | None = None
    can_cancel: bool = False

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def percent(self) -> int | None:
        """0 to 100, rounded down: 100 is said of what is done."""
        return min(100, 100 * self.done // self.total) if self.total else None


Source = Callable[[Principal, datetime], list[JobLine]]
_sources: list[Source] = []


def register(source: Source) -> None:
    if source not in _sources:
        _sources.append(source)


def jobs_of(principal: Principal, now: datetime) -> list[JobLine]:
    """What runs or waits first, then what has ended, newest first."""
    lines = [line for source in _sources for line in source(principal, now)]
    return sorted(lines, key=lambda line: (not line.is_open, -line.asked_at.timestamp()))


_STATES = {
    State.QUEUED: JobState.WAITING,
    State.WORKING: JobState.RUNNING,
    State.DONE: JobState.DONE,
    State.FAILED: JobState.FAILED,
    "cancelled": JobState.CANCELLED,
}


def requests(principal: Principal, now: datetime) -> list[JobLine]:
    """Exports and erasures that the member may see."""
    return [_line(row, now) for row in requests_of(principal)[:MOST]]


def _line(row: PrivacyRequest, now: datetime) -> JobLine:
    state = _STATES.get(row.state, JobState.WAITING)
    is_begun = row.done_count > 0 and state is JobState.WAITING
    waits = row.kind == "erase" and state is JobState.WAITING and row.available_at > now and not row.attempts
    return JobLine(
        id=row.public_id,
        kind=row.kind,
        title=row.scope,
        state=JobState.RUNNING if is_begun else state,
        asked_at=row.asked_at,
        done=row.done_count,
        total=row.total_count or None,
        ends_at=row.available_at if waits else None,
        ended_at=row.ended_at,
        can_cancel=(row.kind == "export" and state in OPEN) or waits,
    )


register(requests)
