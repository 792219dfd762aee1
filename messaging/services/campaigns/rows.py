"""Moving a campaign's rows, a bounded batch at a time, beside senders that claim and settle them.

A statement over all rows of a campaign would wait for every row that is being claimed at that moment, and meanwhile
keep the locks of those it has passed: settling, for whatever account, would stand behind it. So each batch picks rows
that nobody holds (SKIP LOCKED, it never waits) and asks in the same statement whether the campaign still wants this.
It picks them into an array, once: as `IN (SELECT ...)` a plan may run the selection for each row, and each run locks
up to its limit anew.
What is skipped is caught by the next round of `tend`, or at its claim.
"""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from huntaze.kernel import sql
from messaging.services import credits
from messaging.types import CampaignState, DeliveryState

#: Rows in one statement: 50 to 100 ms of locks.
BATCH = 5000
#: For so long one request or one round of `tend` goes on with a campaign; the next round does the rest.
BUDGET_SECONDS = 5.0

_PICKED = """
       SELECT d.id FROM messaging_delivery d
        WHERE d.campaign_id = %(campaign)s AND d.state = ANY(%(from)s)
          {condition}
          AND EXISTS (SELECT 1 FROM messaging_campaign c
                       WHERE c.id = %(campaign)s AND c.state = ANY(%(wanted)s))
        {order}
        LIMIT %(most)s
          FOR NO KEY UPDATE OF d SKIP LOCKED
"""
# A dead letter has got its credit back: to go again it needs another.
_HOLD = """
UPDATE messaging_delivery
   SET state = 'held', credit_state = CASE credit_state WHEN 'released' THEN 'wanted' ELSE credit_state END
 WHERE id = ANY(ARRAY({picked}))
"""
# A row that was being repeated after an uncertain outcome may have arrived: it is not cancelled, it is uncertain.
_WITHDRAWN = "CASE WHEN d.replays > 0 THEN 'uncertain' ELSE 'cancelled' END"
_WITHDRAW = credits.ending(
    """
WITH ended AS (
    UPDATE messaging_delivery d SET state = {state}, credit_state = {credit}, needs_lookup = false
     WHERE id = ANY(ARRAY({{picked}}))
    RETURNING d.workspace_id, d.reservation_id, d.credit_state
), {noted}
SELECT count(*) FROM ended
""",
    state=_WITHDRAWN,
)
_QUEUE = """
UPDATE messaging_delivery
   SET state = 'queued', available_at = %(now)s, queued_at = %(now)s, promised_at = %(promised)s, needs_lookup = false
 WHERE id = ANY(ARRAY({picked}))
"""
# Rows that nothing pays for: those made last, who were active longest ago.
_SET_BACK = """
UPDATE messaging_delivery SET state = 'held', credit_state = 'wanted', reservation_id = NULL
 WHERE id IN (SELECT id FROM messaging_delivery
               WHERE campaign_id = %(campaign)s AND reservation_id = %(reservation)s ORDER BY id OFFSET %(keep)s)
"""
# The rows that have waited longest are paid for first.
_WANTING = """
SELECT d.id FROM messaging_delivery d
 WHERE d.campaign_id = %(campaign)s AND d.state = 'held' AND d.credit_state = 'wanted'
 ORDER BY d.id LIMIT %(most)s FOR NO KEY UPDATE SKIP LOCKED
"""
_PAY = """
UPDATE messaging_delivery SET credit_state = 'reserved', reservation_id = %(reservation)s
 WHERE id = ANY(%(ids)s::bigint[])
"""
_UNSEND = """
INSERT INTO messaging_campaignunsend (
       workspace_id, campaign_id, delivery_id, state, outcome, available_at, attempts, last_error)
SELECT d.workspace_id, d.campaign_id, d.id, 'queued', '', %(now)s, 0, ''
  FROM messaging_delivery d
 WHERE d.campaign_id = %(campaign)s AND d.state = 'sent'
   AND NOT EXISTS (SELECT 1 FROM messaging_campaignunsend u WHERE u.delivery_id = d.id)
 ORDER BY d.id DESC LIMIT %(most)s
    ON CONFLICT DO NOTHING
"""


def hold(campaign_pk: int) -> int:
    """Set aside waiting rows of a paused campaign; returns how many."""
    return _run(
        _HOLD, campaign_pk, (DeliveryState.QUEUED, DeliveryState.SCHEDULED), wanted=(CampaignState.PAUSED,)
    )


def withdraw(campaign_pk: int) -> int:
    """Cancel rows of a campaign that is over and that have not left; returns how many."""
    waiting = (DeliveryState.QUEUED, DeliveryState.SCHEDULED, DeliveryState.HELD)
    over = (CampaignState.CANCELLED, CampaignState.FAILED, CampaignState.UNSENDING)
    return _run(_WITHDRAW, campaign_pk, waiting, wanted=over)


def queue(campaign_pk: int, *, promised_at: datetime, now: datetime, most: int = BATCH) -> int:
    """Queue set-aside rows of a running campaign that are paid for; returns how many. A few are the first ones."""
    return _run(
        _QUEUE,
        campaign_pk,
        (DeliveryState.HELD,),
        wanted=(CampaignState.RUNNING,),
        condition="AND d.credit_state <> 'wanted'",
        order="ORDER BY d.id" if most < BATCH else "",
        promised=promised_at,
        now=now,
        most=most,
    )


def set_back(campaign_pk: int, *, reservation: int, keep: int) -> None:
    """Hold fresh rows beyond the first `keep`, in the transaction that made them: they want a credit."""
    sql.execute(_SET_BACK, {"campaign": campaign_pk, "reservation": reservation, "keep": keep})


def wanting(campaign_pk: int) -> list[int]:
    """Held rows that want a credit, oldest first, in the caller's transaction, which keeps them."""
    found = sql.rows(_WANTING, {"campaign": campaign_pk, "most": BATCH})
    return [pk for (pk,) in found]


def pay(pks: Sequence[int], *, reservation: int) -> None:
    """A reservation pays for rows of `wanting`."""
    sql.execute(_PAY, {"ids": list(pks), "reservation": reservation})


def hold_failed(campaign_pk: int) -> int:
    """Set aside the dead letters of a campaign, to go when it goes on; returns how many."""
    wanted = (CampaignState.PAUSED, CampaignState.RUNNING)
    return _run(_HOLD, campaign_pk, (DeliveryState.FAILED,), wanted=wanted)


def unsend(campaign_pk: int, now: datetime) -> int:
    """Put sent rows that nobody has asked back on their way back, the newest first; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_UNSEND, {"campaign": campaign_pk, "now": now, "most": BATCH})
        return int(cursor.rowcount)


def go_on(step: Callable[[], int], done: int) -> int:
    """Repeat a step after `done` rows until a batch is not full or the time is over; returns how many in all.

    Outside a transaction: each batch commits by itself.
    """
    ends_at = time.monotonic() + BUDGET_SECONDS
    total = count = done
    while count >= BATCH and time.monotonic() < ends_at:
        count = step()
        total += count
    return total


def _run(
    statement: str,
    campaign_pk: int,
    states: Sequence[DeliveryState],
    *,
    wanted: Sequence[CampaignState],
    condition: str = "",
    order: str = "",
    **more: Any,
) -> int:
    values = {
        "campaign": campaign_pk,
        "from": [str(state) for state in states],
        "wanted": [str(state) for state in wanted],
        "most": BATCH,
        **more,
    }
    with connection.cursor() as cursor:
        picked = _PICKED.format(condition=condition, order=order)
        cursor.execute(statement.format(picked=picked), values)
        return int(cursor.fetchone()[0] if cursor.description else cursor.rowcount)
