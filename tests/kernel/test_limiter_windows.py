"""The limiter's promise under pressure: never more arrivals than allowed in any window, as the far side counts them."""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from huntaze.kernel import ratelimit, redis
from huntaze.kernel.limiter import Lane, Limit, Limiter, LogLost, News
from tests.kernel.limiter_steps import ACCOUNT, ready


def fullest(arrivals: list[float], window: float) -> int:
    """The most arrivals in any half-open window of this length."""
    times, most, first = sorted(arrivals), 0, 0
    for last, at in enumerate(times):
        while at - times[first] >= window:
            first += 1
        most = max(most, last - first + 1)
    return most


@dataclass
class Wire:
    """Requests on their way: each arrives and is answered after random times; the far side notes arrivals."""

    seed: int
    slowest: float
    arrivals: list[tuple[int, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def send(self, account: int) -> float:
        """When its answer will have come."""
        arrives = time.monotonic() + self._random.uniform(0, self.slowest)
        self.arrivals.append((account, arrives))
        return arrives + self._random.uniform(0, self.slowest)


def two_phase(limiter: Limiter, wire: Wire, until: float) -> None:
    """One sender: tick, put what is granted on the wire, date slots when their answers have come."""
    flying: list[tuple[float, int, str]] = []
    while time.monotonic() < until:
        now, news = time.monotonic(), News()
        news.dated = [(account, slot, 0, 0) for answer_at, account, slot in flying if answer_at <= now]
        flying = [item for item in flying if item[0] > now]
        for grant in limiter.tick(news):
            flying += [(wire.send(grant.account), grant.account, slot) for slot in grant.slots]
        time.sleep(0.004)


def one_phase(wire: Wire, accounts: range, limit: Limit, until: float) -> None:
    """The same sender on an exact sliding log that dates a request when it is granted."""
    while time.monotonic() < until:
        for account in accounts:
            while ratelimit.take(f"naive:{account}", limit=limit.count, window=limit.window).allowed:
                wire.send(account)
        time.sleep(0.004)


def worst(wires: list[Wire], accounts: range, window: float) -> int:
    arrivals = [item for wire in wires for item in wire.arrivals]
    return max(fullest([at for owner, at in arrivals if owner == account], window) for account in accounts)


def run_senders(sender: Callable[[Wire, float], None], seconds: float, slowest: float) -> list[Wire]:
    wires = [Wire(seed, slowest) for seed in range(3)]
    until = time.monotonic() + seconds
    with ThreadPoolExecutor(3) as pool:
        for future in [pool.submit(sender, wire, until) for wire in wires]:
            future.result()
    return wires


def test_no_window_ever_holds_more_than_the_limit_and_dating_at_the_grant_breaks_it() -> None:
    limit, accounts = Limit(count=10, window=0.5, lease=0.5), range(1, 4)
    limiter = ready(limit)
    limiter.poke([(account, lane) for account in accounts for lane in Lane])
    ours = run_senders(lambda wire, until: two_phase(limiter, wire, until), 2.2, 0.12)
    assert worst(ours, accounts, limit.window) == limit.count
    assert sum(len(wire.arrivals) for wire in ours) > 3 * limit.count * len(accounts) // 2
    naive = run_senders(lambda wire, until: one_phase(wire, accounts, limit, until), 1.6, 0.12)
    assert worst(naive, accounts, limit.window) > limit.count


def test_no_window_is_overfull_across_a_flush() -> None:
    """The sender notes what it sends, as the rows of record do, and makes the log again from that."""
    limit = Limit(count=10, window=0.5, lease=0.5)
    limiter, wire = ready(limit), Wire(1, 0.05)
    limiter.poke([(ACCOUNT, Lane.INTERACTIVE)])
    flying: dict[int, tuple[float, str]] = {}
    answered: dict[int, float] = {}
    until, flush_at, number, rebuilt = time.monotonic() + 1.6, time.monotonic() + 0.6, 0, False
    while time.monotonic() < until:
        now = time.monotonic()
        if flush_at and now > flush_at:
            redis.client().flushdb()
            flush_at = 0.0
        done = {key: slot for key, (at, slot) in flying.items() if at <= now}
        answered |= dict.fromkeys(done, now)
        news = News(dated=[(ACCOUNT, slot, key, 0) for key, slot in done.items()])
        try:
            grants = limiter.tick(news)
        except LogLost as error:
            rows = [(ACCOUNT, key, int((now - at) * 1000)) for key, at in answered.items()]
            rows += [(ACCOUNT, key, -500) for key in flying if key not in answered]
            wishes = [(ACCOUNT, Lane.INTERACTIVE)]
            rebuilt = limiter.may_rebuild(error.run_id) and limiter.rebuild(error.run_id, rows, wishes)
            continue
        flying = {key: item for key, item in flying.items() if key not in done}
        for grant in grants:
            for slot in grant.slots:
                number += 1
                flying[number] = (wire.send(ACCOUNT), slot)
        time.sleep(0.003)
    assert rebuilt is True
    assert fullest([at for _, at in wire.arrivals], limit.window) == limit.count
    assert len(wire.arrivals) >= 2 * limit.count
