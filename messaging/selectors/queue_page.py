"""What the page of the queue shows: each account's figures, and the rows of one list with everything written out.

Lists are read account by account from the small partial indexes and merged, so that a page of a queue of 100,000 costs
what a page of a queue of ten costs. A page ends in a cursor, never in an offset.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from accounts.models import PlatformAccount
from billing.selectors.holds import is_held
from huntaze.kernel.money import Money
from messaging.models import Campaign, Delivery
from messaging.selectors.deliveries import COUNTED
from messaging.selectors.holds import hold_of
from messaging.types import DeliveryState

PAGE = 25
MOST_IN_FLIGHT = 50
EXCERPT = 110
#: A message is called late when its promise is over by more than this.
GRACE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows of an account are in each state; each is counted to at most 10,001."""

    queued: int = 0
    sending: int = 0
    scheduled: int = 0
    failed: int = 0
    uncertain: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One message on its way, or at its end. `at` is the time that matters in its state."""

    message_id: str
    fan_name: str
    fan_handle: str
    fan_id: str
    account_id: str
    account: str
    excerpt: str
    is_cut: bool
    price: Money | None
    media_count: int
    priority: int
    state: DeliveryState
    queued_at: datetime
    promised_at: datetime
    available_at: datetime
    really_at: datetime | None
    attempts: int
    error: str
    is_looked_up: bool
    is_late: bool
    hold: str

    @property
    def can_cancel(self) -> bool:
        return self.state in {DeliveryState.QUEUED, DeliveryState.SCHEDULED, DeliveryState.HELD}


@dataclass(frozen=True, slots=True)
class Listing:
    rows: tuple[Row, ...]
    next_after: str


# Each state is written out: the partial indexes are used only where the planner sees the constant.
_COUNTS = """
SELECT a.id,
       (SELECT count(*) FROM (SELECT 1 FROM messaging_delivery d
         WHERE d.account_id = a.id AND d.state = 'queued' LIMIT %(most)s) x),
       (SELECT count(*) FROM (SELECT 1 FROM messaging_delivery d
         WHERE d.account_id = a.id AND d.state = 'sending' LIMIT %(most)s) x),
       (SELECT count(*) FROM (SELECT 1 FROM messaging_delivery d
         WHERE d.account_id = a.id AND d.state = 'scheduled' LIMIT %(most)s) x),
       (SELECT count(*) FROM (SELECT 1 FROM messaging_delivery d
         WHERE d.account_id = a.id AND d.state = 'failed' LIMIT %(most)s) x),
       (SELECT count(*) FROM (SELECT 1 FROM messaging_delivery d
         WHERE d.account_id = a.id AND d.state = 'uncertain' LIMIT %(most)s) x)
  FROM unnest(%(accounts)s::bigint[]) AS a(id)
"""

# Interactive before bulk, then by priority: the order in which an account's messages leave.
_QUEUED = """
SELECT d.id, l.rank, d.priority
  FROM unnest(%(accounts)s::bigint[]) AS a(id)
 CROSS JOIN (VALUES ('interactive', 0), ('bulk', 1)) AS l(lane, rank)
 CROSS JOIN LATERAL (
       SELECT q.id, q.priority FROM messaging_delivery q
        WHERE q.account_id = a.id AND q.lane = l.lane AND q.state = 'queued' AND l.rank >= %(k0)s
          AND (q.priority, q.id) > (CASE WHEN l.rank = %(k0)s THEN %(k1)s ELSE 0 END,
                                    CASE WHEN l.rank = %(k0)s THEN %(k2)s ELSE 0 END)
        ORDER BY q.priority, q.id LIMIT %(most)s) d
 ORDER BY l.rank, d.priority, d.id LIMIT %(most)s
"""

_SCHEDULED = """
SELECT d.id, d.at, 0
  FROM unnest(%(accounts)s::bigint[]) AS a(id)
 CROSS JOIN LATERAL (
       SELECT q.id, q.available_at AS at FROM messaging_delivery q
        WHERE q.account_id = a.id AND q.state = 'scheduled'
          AND (q.available_at, q.id) > (to_timestamp(%(k0)s / 1e6), %(k1)s)
        ORDER BY q.available_at, q.id LIMIT %(most)s) d
 ORDER BY d.at, d.id LIMIT %(most)s
"""

_SENT = """
SELECT d.id, d.at, 0
  FROM unnest(%(accounts)s::bigint[]) AS a(id)
 CROSS JOIN LATERAL (
       SELECT q.id, q.answered_at AS at FROM messaging_delivery q
        WHERE q.account_id = a.id AND q.state = 'sent' AND q.answered_at IS NOT NULL
          AND (q.answered_at, q.id) < (to_timestamp(%(k0)s / 1e6), %(k1)s)
        ORDER BY q.answered_at DESC, q.id DESC LIMIT %(most)s) d
 ORDER BY d.at DESC, d.id DESC LIMIT %(most)s
"""

_FAILED = """
SELECT d.id, 0, 0
  FROM unnest(%(accounts)s::bigint[]) AS a(id)
 CROSS JOIN LATERAL (
       SELECT q.id FROM messaging_delivery q
        WHERE q.account_id = a.id AND q.state = 'failed' AND q.id < %(k0)s
        ORDER BY q.id DESC LIMIT %(most)s) d
 ORDER BY d.id DESC LIMIT %(most)s
"""

_UNCERTAIN = """
SELECT d.id, 0, 0
  FROM unnest(%(accounts)s::bigint[]) AS a(id)
 CROSS JOIN LATERAL (
       SELECT q.id FROM messaging_delivery q
        WHERE q.account_id = a.id AND q.state = 'uncertain' AND q.id < %(k0)s
        ORDER BY q.id DESC LIMIT %(most)s) d
 ORDER BY d.id DESC LIMIT %(most)s
"""

_LAST = 2**62
_FOREVER = 2**53

#: For each list: its statement, the keys before its first row, and whether its keys start with a time.
LISTS: dict[str, tuple[str, tuple[int, int, int], bool]] = {
    "going": (_QUEUED, (0, 0, 0), False),
    "planned": (_SCHEDULED, (0, 0, 0), True),
    "sent": (_SENT, (_FOREVER, _LAST, 0), True),
    "failed": (_FAILED, (_LAST, 0, 0), False),
    "uncertain": (_UNCERTAIN, (_LAST, 0, 0), False),
}


def counts(account_pks: Sequence[int]) -> dict[int, Counts]:
    """Rows of each account by state, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, {"accounts": list(account_pks), "most": COUNTED})
        return {row[0]: Counts(*row[1:]) for row in cursor.fetchall()}


def listing(
    accounts: Sequence[PlatformAccount],
    show: str,
    after: str,
    now: datetime,
    *,
    has_flying: bool = True,
    is_unpaid: bool | None = None,
) -> Listing:
    """One page of a list over these accounts; what is being sent leads the first page of what goes out.

    A cursor that isn't one of ours is the first page. `is_unpaid` where the caller knows whether the workspace is held.
    """
    statement, start, is_timed = LISTS[show]
    pks = [account.pk for account in accounts]
    keys = _keys(after) or start
    with connection.cursor() as cursor:
        values: dict[str, Any] = {
            "accounts": pks,
            "most": PAGE + 1,
            "k0": keys[0],
            "k1": keys[1],
            "k2": keys[2],
        }
        cursor.execute(statement, values)
        found = cursor.fetchall()
    shown = found[:PAGE]
    is_first = keys == start
    flying = _in_flight(pks) if show == "going" and is_first and has_flying else []
    if is_unpaid is None:
        is_unpaid = show == "going" and bool(accounts) and is_held(accounts[0].workspace_id)
    rows = _rows([*flying, *(row[0] for row in shown)], now, is_unpaid)
    return Listing(rows, _cursor(shown[-1], show, is_timed) if len(found) > PAGE else "")


def row_of(delivery: Delivery, now: datetime, *, is_unpaid: bool | None = None) -> Row:
    """A delivery, loaded with its message, fan and account, as the page shows it; `is_unpaid` where the caller knows
    whether its workspace is held."""
    message, fan = delivery.message, delivery.fan
    source = message or delivery.campaign
    assert source is not None
    text = " ".join((source.name if isinstance(source, Campaign) else source.text.reveal()).split())
    state = DeliveryState(delivery.state)
    is_over = state in {DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNSENT}
    is_waiting = state in {DeliveryState.QUEUED, DeliveryState.SENDING}
    return Row(
        message_id=delivery.reference,
        fan_name=fan.name.reveal() if fan.name else "",
        fan_handle=fan.handle.reveal() if fan.handle else "",
        fan_id=fan.platform_user_id,
        account_id=delivery.account.public_id,
        account=str(delivery.account),
        excerpt=text[:EXCERPT],
        is_cut=len(text) > EXCERPT,
        price=Money(source.price_minor, source.currency) if source.price_minor else None,
        media_count=len(source.media_ids),
        priority=delivery.priority,
        state=state,
        queued_at=delivery.queued_at,
        promised_at=delivery.promised_at,
        available_at=delivery.available_at,
        really_at=((message and message.sent_at) or delivery.answered_at)
        if is_over
        else delivery.dispatched_at,
        attempts=delivery.attempts,
        error=delivery.last_error,
        is_looked_up=delivery.needs_lookup,
        is_late=is_waiting and delivery.promised_at < now - GRACE,
        hold=hold_of(delivery, is_unpaid=is_unpaid),
    )


def _rows(pks: list[int], now: datetime, is_unpaid: bool) -> tuple[Row, ...]:
    found: dict[int, Any] = {row.pk: row for row in Delivery.objects.filter(pk__in=pks).with_everything()}
    return tuple(row_of(found[pk], now, is_unpaid=is_unpaid) for pk in pks if pk in found)


def _in_flight(pks: list[int]) -> list[int]:
    rows = Delivery.objects.for_accounts(pks).in_flight().order_by("dispatched_at", "pk")
    return list(rows.values_list("pk", flat=True)[:MOST_IN_FLIGHT])


def _cursor(row: Any, show: str, is_timed: bool) -> str:
    pk, key, second = row
    if is_timed:
        keys = (round(key.timestamp() * 1_000_000), pk, 0)
    else:
        keys = (key, second, pk) if show == "going" else (pk, 0, 0)
    return ".".join(str(part) for part in keys)


def _keys(after: str) -> tuple[int, int, int] | None:
    parts = after.split(".")
    if len(parts) != 3 or not all(part.isdecimal() and len(part) < 19 for part in parts):
        return None
    return int(parts[0]), int(parts[1]), int(parts[2])
