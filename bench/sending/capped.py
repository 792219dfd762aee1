"""Thousands of accounts, all of them at their caps, by the real clock: is the allowance used, and never exceeded?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.kit import rows
from bench.kit.house import House, Sandbox, wait_for
from bench.sending import truth
from bench.sending.mark import stretch_for, stretch_of
from messaging.services import scheduler


@dataclass(frozen=True, slots=True)
class Cap:
    """`count` messages in any `window` seconds for each account; measured for `seconds` once `settle` are over."""

    count: int
    window: float
    seconds: float
    settle: float
    lane: str


def run(house: House, sandbox: Sandbox, desks: Sequence[rows.Desk], cap: Cap) -> dict[str, Any]:
    """Queue more than the allowance, let it run, count at the platform."""
    each = math.ceil((cap.settle + cap.seconds) * cap.count / cap.window) + 2 * cap.count
    already = sandbox.accepted()
    rows.queue(desks, each, lane=cap.lane, priority=5 if cap.lane == "interactive" else 7)
    scheduler.sweep()
    house.start_engine(SEND_LIMIT_COUNT=str(cap.count), SEND_LIMIT_WINDOW_SECONDS=str(cap.window))
    stretch_of(house, sandbox, first=already + 1, last=already + len(desks), seconds=120 + cap.settle)
    stretch_for(house, sandbox, cap.settle)
    steady = stretch_for(house, sandbox, cap.seconds)
    allowed = len(desks) * cap.count * cap.seconds / cap.window
    truth.forget_queue()
    wait_for(
        lambda: not truth.rows_by_state(desks).get("sending"),
        seconds=60,
        what="the last answers",
        house=house,
    )
    limits = truth.limits(sandbox, cap.window, cap.count)
    found = truth.compare(sandbox, desks)
    return {
        "accounts": len(desks),
        "lane": cap.lane,
        "limit": f"{cap.count} in {cap.window:g} s",
        "sends": steady.sends,
        "allowed": round(allowed),
        "efficiency": round(steady.sends / allowed, 4),
        "sends_per_second": round(steady.rate, 1),
        "allowed_per_second": round(len(desks) * cap.count / cap.window, 1),
        "cpu_per_message": steady.spent.per(steady.sends),
        "cores_used": round(steady.spent.cores, 2),
        "cores_used_by_others": steady.spent.others,
        **limits,
        **found,
    }
