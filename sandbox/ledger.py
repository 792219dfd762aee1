"""Owns the proof of what was accepted: every send with its key, and each account's arrival times.

`GET /_control/sent`, `limits` and `duplicates` read from here. Times are epoch seconds at the
moment of acceptance, the moment at which the platform would count the message.
"""

import itertools
from array import array
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from .world import RING


@dataclass(slots=True)
class Attempts:
    """Everything ever asked under one idempotency key."""

    times: list[float] = field(default_factory=list)
    replays: int = 0
    accepted: int = 0


@dataclass(slots=True)
class Sent:
    account: str
    fan: int
    message_id: int
    key: str | None
    attempts: Attempts
    body_hash: str
    text_hash: str
    accepted_at: float
    answered_at: float | None = None
    duplicate: bool = False

    def public(self) -> dict[str, Any]:
        return {
            "account": self.account,
            "fan": self.fan,
            "messageId": self.message_id,
            "idempotencyKey": self.key,
            "attempts": len(self.attempts.times),
            "attemptTimes": self.attempts.times,
            "replays": self.attempts.replays,
            "acceptedUnderKey": self.attempts.accepted,
            "bodyHash": self.body_hash,
            "textHash": self.text_hash,
            "acceptedAt": self.accepted_at,
            "answeredAt": self.answered_at,
            "duplicate": self.duplicate,
        }


class Ledger:
    """Accepted sends (a ring of the newest 100,000) and all arrival times by account."""

    def __init__(self) -> None:
        self.sent: deque[Sent] = deque(maxlen=RING)
        self.by_message: dict[int, Sent] = {}
        self.times: dict[str, array[float]] = {}
        self.refused: dict[str, int] = {}
        self.accepted_total = 0
        self._seen: dict[tuple[str, int, str], int] = {}

    def accept(self, row: Sent) -> None:
        if len(self.sent) == RING:
            self.by_message.pop(self.sent[0].message_id, None)
        self.sent.append(row)
        self.by_message[row.message_id] = row
        self.accepted_total += 1
        row.attempts.accepted += 1
        mark = (row.account, row.fan, row.text_hash)
        row.duplicate = mark in self._seen
        self._seen[mark] = self._seen.get(mark, 0) + 1
        self.count(row.account, row.accepted_at)

    def count(self, account: str, at: float) -> None:
        """One arrival on the platform, whoever sent it."""
        times = self.times.get(account)
        if times is None:
            times = self.times[account] = array("d")
        times.append(at)

    def refuse(self, account: str) -> None:
        self.refused[account] = self.refused.get(account, 0) + 1

    def recent(self, account: str, now: float, window: float) -> int:
        """Arrivals in the half-open window (now - window, now]."""
        times = self.times.get(account)
        return len(times) - bisect_left(times, now - window) if times else 0

    def free_at(self, account: str, now: float, window: float, limit: int) -> float | None:
        """None if one more may come now, else the moment from which it may."""
        times = self.times.get(account)
        if not times or len(times) < limit or times[-limit] <= now - window:
            return None
        return times[-limit] + window

    def limits(self, window: float, account: str | None = None) -> list[dict[str, Any]]:
        """Per account: the largest count in any sliding window, the smallest gap, the total."""
        wanted = self.times if account is None else {account: self.times.get(account, array("d"))}
        return [self._limits_of(name, times, window) for name, times in wanted.items()]

    def _limits_of(self, name: str, times: "array[float]", window: float) -> dict[str, Any]:
        largest = start = 0
        ordered = sorted(times)
        for end, at in enumerate(ordered):
            while ordered[start] <= at - window:
                start += 1
            largest = max(largest, end - start + 1)
        gaps = [after - before for before, after in itertools.pairwise(ordered)]
        return {
            "account": name,
            "sent": len(ordered),
            "maxInWindow": largest,
            "windowSeconds": window,
            "smallestGap": min(gaps) if gaps else None,
            "refused": self.refused.get(name, 0),
        }

    def duplicates(self, account: str | None = None) -> list[dict[str, Any]]:
        """Same account, fan and text accepted more than once."""
        return [
            {"account": name, "fan": fan, "textHash": text_hash, "count": count}
            for (name, fan, text_hash), count in self._seen.items()
            if count > 1 and account in (None, name)
        ]
