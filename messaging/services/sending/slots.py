"""The slots of one pump: asked for with each tick, and told of what came of them with the next one."""

import time
from collections import defaultdict
from collections.abc import Iterable

from redis.exceptions import RedisError

from huntaze.kernel import metrics
from huntaze.kernel.limiter import Grant, Limiter, LogLost, News
from messaging.rules.throttling import Refusals
from messaging.services import limits
from messaging.services.sending.claims import Claimed
from messaging.services.sending.wire import Done

#: Slots given at once to an account whose number of waiting replies is not known; more follow with the next tick.
BURST = 4


class Slots:
    """Granted slots end in one of two ways: dated by an answer, or given back."""

    def __init__(self) -> None:
        self.limiter: Limiter = limits.limiter()
        self._news = News()
        self._refusals = Refusals()

    def tick(self, most: int) -> list[Grant]:
        """Tell the limiter everything and ask for at most `most` slots; what could not be told is kept."""
        news, self._news = self._news, News()
        try:
            grants = self.limiter.tick(news, slots=most, burst=BURST)
        except (RedisError, LogLost) as error:
            self._news = news
            metrics.LIMITER_TICKS.labels("lost" if isinstance(error, LogLost) else "failed").inc()
            raise
        metrics.LIMITER_TICKS.labels("granted" if grants else "none").inc()
        metrics.LIMITER_SLOTS.labels("granted").inc(sum(len(grant.slots) for grant in grants))
        metrics.LIMITER_SLOTS.labels("returned").inc(len(news.returned))
        return grants

    def give_back(self, grants: Iterable[Grant]) -> None:
        self._news.returned += [(grant.account, slot, 0) for grant in grants for slot in grant.slots]

    def hold(self, waits: Iterable[tuple[int, float]]) -> None:
        """(account, seconds): no more slots for these until then."""
        self._news.held += waits

    def share_out(self, grants: list[Grant], rows: list[Claimed]) -> dict[int, tuple[Claimed, str]]:
        """Give each row a slot of its grant; slots left over go back, and a grant without rows ends its wish."""
        claimed = defaultdict(list)
        for row in rows:
            claimed[row.account, row.lane].append(row)
        slots: dict[int, tuple[Claimed, str]] = {}
        for grant in grants:
            mine = claimed[grant.account, grant.lane]
            slots |= {row.id: (row, slot) for row, slot in zip(mine, grant.slots, strict=False)}
            self._news.returned += [(grant.account, slot, 0) for slot in grant.slots[len(mine) :]]
            if len(mine) < len(grant.slots):
                self._news.idle.append((grant.account, str(grant.lane), grant.sequence))
        return slots

    def note(self, done: Done) -> None:
        """A row's outcome: its slot is dated or goes back, and who shall wait waits."""
        job, outcome = done.job, done.outcome
        account, slot, row = job.row.account, job.slot, job.row.id
        if outcome.is_slot_used:
            self._news.dated.append((account, slot, row, int((time.monotonic() - done.at) * 1000)))
        else:
            self._news.returned.append((account, slot, row))
        if outcome.hold_account is not None:
            self._news.held.append((account, outcome.hold_account))
        if outcome.code == "rate_limited":
            self._hold_all(self._refusals.note(account, outcome.delay or 0.0, time.monotonic()))
        self._hold_all(outcome.hold_all)

    def _hold_all(self, seconds: float | None) -> None:
        self._news.held_all = max(self._news.held_all, seconds or 0.0)
