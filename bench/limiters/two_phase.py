"""Our limiter under the load: tick, let the requests travel, tell it of the answers."""

import heapq
import time
from typing import Any
from uuid import uuid4

from bench.limiters.drive import Arrivals, Load
from huntaze.kernel.limiter import Lane, Limit, Limiter, LogLost, News

TICK_SECONDS = 0.02
MOST = 200


def run(load: Load) -> dict[str, Any]:
    """Every account wishes for ever, in the lane that bursts; the slots that are granted are all used."""
    ours = Limiter(Limit(load.count, load.window, 5.0), prefix=f"bench:{uuid4().hex[:8]}:")
    _open(ours, load.accounts)
    arrivals, flying = Arrivals(), list[tuple[float, int, str]]()
    end = time.monotonic() + load.seconds
    while (now := time.monotonic()) < end:
        news = News()
        while flying and flying[0][0] <= now:
            _, account, slot = heapq.heappop(flying)
            news.dated.append((account, slot, 0, 0))
        grants = ours.tick(news, most=MOST)
        granted_at = time.monotonic()
        for grant in grants:
            for slot in grant.slots:
                arrived = granted_at + load.way()
                arrivals.add(grant.account, arrived)
                heapq.heappush(flying, (arrived + load.way(), grant.account, slot))
        if not grants:
            time.sleep(TICK_SECONDS)
    return arrivals.verdict(load)


def _open(ours: Limiter, accounts: int) -> None:
    """The log of a prefix that nobody has used is empty, which is the truth here."""
    wishes = [(account, Lane.INTERACTIVE) for account in range(1, accounts + 1)]
    try:
        ours.tick(News(), most=0)
    except LogLost as lost:
        ours.rebuild(lost.run_id, [], wishes)
    ours.poke(wishes)
