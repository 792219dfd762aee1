"""What messages cost: a credit is set aside when one is accepted, spent when it was sent, back when it was not.

A delivery says what became of its credit in the statement that ends it, and the same statement notes the change. The
notes are posted to the ledger in batches, so that a sender never waits for a workspace's books.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.db import IntegrityError, transaction

from billing.services.ledger import reservations
from billing.services.ledger.reservations import Change
from billing.types import Ref, Unit
from huntaze.kernel import sql
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from messaging.models import Campaign, CreditChange, Delivery
from messaging.selectors.credits import Held, held_reservations
from messaging.types import CreditState

log = structlog.get_logger(__name__)

#: Notes in one posting; workspaces and reservations in one run.
BATCH, MOST = 10_000, 5_000
#: A reservation is not looked after before this age: what it is for may still be on its way into the database.
SETTLED_IN = timedelta(minutes=10)

_CREDIT = """CASE WHEN d.credit_state = 'reserved'
            THEN CASE {state} WHEN 'sent' THEN 'settled' WHEN 'unsent' THEN 'settled' WHEN 'failed' THEN 'released'
                 WHEN 'cancelled' THEN 'released' ELSE 'reserved' END
            ELSE d.credit_state END"""
_NOTED = """noted AS (
    INSERT INTO messaging_creditchange (workspace_id, reservation_id, settled, released)
    SELECT workspace_id, reservation_id, count(*) FILTER (WHERE credit_state = 'settled'),
           count(*) FILTER (WHERE credit_state = 'released')
      FROM ended WHERE reservation_id IS NOT NULL AND credit_state IN ('settled', 'released')
     GROUP BY workspace_id, reservation_id
)"""


def ending(template: str, *, state: str) -> str:
    """A statement that ends deliveries, with what it must say of their credits.

    `state` is the expression for the new state of a row `d`; the template sets `credit_state = {credit}` beside it,
    in a CTE `ended` that returns workspace_id, reservation_id and credit_state, and has {noted} as its next.
    """
    return template.format(state=state, credit=_CREDIT.format(state=state), noted=_NOTED)


_END = ending(
    """
WITH ended AS (
    UPDATE messaging_delivery d SET credit_state = {credit}
     WHERE d.id = ANY(%(ids)s::bigint[]) AND d.credit_state = 'reserved'
       AND d.state IN ('sent', 'unsent', 'failed', 'cancelled')
    RETURNING d.workspace_id, d.reservation_id, d.credit_state
), {noted}
SELECT count(*) FROM ended
""",
    state="d.state",
)

_TAKE = """
WITH taken AS (
    DELETE FROM messaging_creditchange
     WHERE id = ANY(ARRAY(
           SELECT id FROM messaging_creditchange WHERE workspace_id = %(workspace)s
            ORDER BY id LIMIT %(most)s FOR UPDATE SKIP LOCKED))
    RETURNING reservation_id, settled, released
)
SELECT reservation_id, sum(settled)::bigint, sum(released)::bigint, count(*) FROM taken GROUP BY reservation_id
"""


def of_delivery(uid: str, key: int | None = None) -> Ref:
    """What a message's reservation is for; `key` tells a second one apart."""
    return Ref("delivery", uid if key is None else f"{uid}#{key}")


def of_campaign(campaign: Campaign, key: int) -> Ref:
    return Ref("campaign", f"{campaign.public_id}#{key}")


def set_aside(
    *, workspace_pk: int, quantity: int, ref: Ref, key: int, now: datetime, is_partly: bool = False
) -> int:
    """Reserve under `key`, which rows carry already; returns how many. Locks the workspace's credits until the end of
    the transaction. Raises CreditsExhausted, ReadOnlyAccess."""
    found = reservations.reserve(
        workspace_id=workspace_pk,
        unit=Unit.MESSAGE,
        quantity=quantity,
        ref=ref,
        now=now,
        is_partly=is_partly,
        pk=key,
    )
    return found.amount


def again(delivery: Delivery, now: datetime) -> dict[str, object]:
    """What a dead letter needs to be queued again: a new credit for the one that came back. In the caller's
    transaction, which holds the row; raises CreditsExhausted, ReadOnlyAccess."""
    if delivery.credit_state != CreditState.RELEASED:
        return {}
    key = reservations.new_key()
    ref = of_delivery(delivery.public_id, key)
    set_aside(workspace_pk=delivery.workspace_id, quantity=1, ref=ref, key=key, now=now)
    return {"reservation_id": key, "credit_state": CreditState.RESERVED}


def end(pks: Sequence[int]) -> None:
    """Note what became of the credits of these deliveries, in the transaction that ended them; twice is once."""
    sql.execute(_END, {"ids": list(pks)})


def post(*, now: datetime) -> int:
    """Post what was noted, one workspace after the other; returns how many notes."""
    with cross_workspace("credits"):
        workspaces = list(
            CreditChange.objects.order_by().values_list("workspace_id", flat=True).distinct()[:MOST]
        )
    return sum(_post_all(pk, now) for pk in workspaces)


def _post_all(workspace_pk: int, now: datetime) -> int:
    total, count = 0, BATCH
    try:
        with workspace_scope(workspace_pk):
            while count >= BATCH:
                count = _post(workspace_pk, now)
                total += count
    except (IntegrityError, ValueError):  # the notes stay, and the other workspaces go on
        log.exception("messaging.credits.unposted")
    return total


def _post(workspace_pk: int, now: datetime) -> int:
    with transaction.atomic():
        found = sql.rows(_TAKE, {"workspace": workspace_pk, "most": BATCH})
        changes = [Change(pk, settled, released) for pk, settled, released, _ in found]
        reservations.post(workspace_id=workspace_pk, unit=Unit.MESSAGE, changes=changes, now=now)
    return sum(row[3] for row in found)


def sweep(*, now: datetime) -> int:
    """Give back credits that no delivery holds any more, such as those of deleted rows; returns how many."""
    given, after = 0, 0
    with cross_workspace("credits"):
        while rows := held_reservations(after=after, until=now - SETTLED_IN, limit=500):
            given += sum(_give_back(row, now) for row in rows if row.excess > 0)
            after = rows[-1].id
    return given


def _give_back(seen: Held, now: datetime) -> int:
    """Looked at once more with the books held: nothing is posted meanwhile."""
    with transaction.atomic():
        reservations.hold_books(workspace_id=seen.workspace, unit=Unit.MESSAGE)
        rows = held_reservations(after=seen.id - 1, until=now, limit=1)
        excess = rows[0].excess if rows and rows[0].id == seen.id else 0
        if excess > 0:
            log.warning("messaging.credits.orphaned", count=excess)
            changes = [Change(seen.id, 0, excess)]
            reservations.post(workspace_id=seen.workspace, unit=Unit.MESSAGE, changes=changes, now=now)
    return max(0, excess)
