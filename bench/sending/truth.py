"""What the platform counted, beside what our rows say."""

import time
from collections.abc import Sequence
from typing import Any

from django.db import connection

from bench.kit.house import Sandbox
from bench.kit.rows import Desk


def limits(sandbox: Sandbox, window: float, count: int) -> dict[str, int]:
    """The most that arrived in any sliding window of one account, and how many accounts had more than allowed."""
    most = [row["maxInWindow"] for row in sandbox.control(f"limits?window={window:g}")]
    return {"max_in_window": max(most, default=0), "violations": sum(found > count for found in most)}


def compare(sandbox: Sandbox, desks: Sequence[Desk], strangers: int = 0) -> dict[str, Any]:
    """Arrivals beside the rows of these accounts; `strangers` are arrivals that no row of ours stands for.

    `lost`: rows that say sent and never arrived, or that were given up. `duplicated`: one fan, one text, twice.
    """
    states = rows_by_state(desks)
    doubled = sum(row["count"] - 1 for row in sandbox.control("duplicates"))
    arrived = sandbox.accepted() - doubled - strangers
    sent = states.get("sent", 0)
    return {
        "lost": max(0, sent - arrived) + states.get("failed", 0),
        "duplicated": doubled,
        "arrived_but_not_marked": max(0, arrived - sent),
        "rows": states,
    }


def rows_by_state(desks: Sequence[Desk]) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT state, count(*) FROM messaging_delivery WHERE account_id BETWEEN %s AND %s GROUP BY state",
            [desks[0].account, desks[-1].account],
        )
        return dict(sorted(cursor.fetchall()))


_FORGET = """
UPDATE messaging_delivery SET state = 'cancelled'
 WHERE id IN (SELECT id FROM messaging_delivery WHERE state IN ('queued', 'scheduled') FOR UPDATE SKIP LOCKED)
"""


def forget_queue() -> None:
    """What was prepared beyond the need leaves the queue; rows that a pump holds are asked for again."""
    with connection.cursor() as cursor:
        while True:
            cursor.execute(_FORGET)
            cursor.execute(
                "SELECT EXISTS (SELECT 1 FROM messaging_delivery WHERE state IN ('queued', 'scheduled'))"
            )
            if not cursor.fetchone()[0]:
                break
            time.sleep(0.1)
        cursor.execute("VACUUM ANALYZE messaging_delivery")
