"""The SQL of the send engine: claim, settle, schedule, rescue. Runs across workspaces, in short transactions.

Written by hand because one statement for hundreds of rows is what the throughput comes from: claiming through the
ORM one account at a time costs fifteen times as much. PostgreSQL's clock is the only clock here.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import psycopg
from django.db import IntegrityError, connection, transaction
from django.db.backends.utils import CursorWrapper

from huntaze.kernel import ids
from huntaze.kernel.crypto import Sealed
from huntaze.kernel.limiter import Grant, Lane
from huntaze.kernel.money import Money
from messaging.models import Delivery, Message, SendPolicy
from messaging.rules.outcomes import Outcome
from messaging.services.news import tell_deliveries
from messaging.types import Outgoing

# A fan's next message waits for the answer to the one before it: two requests in flight may arrive in any order.
_CLAIM = """
WITH wanted AS (
    SELECT g.account_id, g.lane, g.n
      FROM unnest(%(accounts)s::bigint[], %(lanes)s::text[], %(counts)s::int[]) AS g(account_id, lane, n)
      JOIN accounts_platformaccount a
        ON a.id = g.account_id AND a.state = 'connected' AND NOT a.is_sending_paused
      JOIN accounts_creator c ON c.id = a.creator_id AND c.status = 'active'
      JOIN accounts_workspace s ON s.id = a.workspace_id AND s.status = 'active'
     WHERE NOT coalesce((SELECT k.is_stopped FROM messaging_sendswitch k ORDER BY k.id DESC LIMIT 1), false)
), picked AS (
    SELECT d.id
      FROM wanted w
     CROSS JOIN LATERAL (
           SELECT q.id FROM messaging_delivery q
            WHERE q.account_id = w.account_id AND q.lane = w.lane AND q.state = 'queued'
              AND NOT EXISTS (SELECT 1 FROM messaging_delivery f
                               WHERE f.account_id = q.account_id AND f.state = 'sending' AND f.fan_id = q.fan_id)
              {fan_caps}
            ORDER BY q.priority, q.id LIMIT w.n
              FOR UPDATE SKIP LOCKED) d
)
UPDATE messaging_delivery d
   SET state = 'sending', attempts = d.attempts + 1, lease_token = %(token)s,
       leased_until = now() + %(lease)s * interval '1 second',
       dispatched_at = now(), first_attempt_at = coalesce(d.first_attempt_at, now())
  FROM picked
 WHERE d.id = picked.id
RETURNING d.id, d.account_id, d.lane, d.campaign_id
"""

_FAN_CAPS = """
              AND NOT EXISTS (
                  SELECT 1 FROM messaging_sendpolicy p
                    JOIN accounts_platformaccount a ON a.id = q.account_id
                   WHERE p.is_active AND p.is_per_fan AND (p.account_id IS NULL OR p.account_id = q.account_id)
                     AND (p.until_account_age_days IS NULL
                          OR a.connected_at > now() - p.until_account_age_days * interval '1 day')
                     AND (SELECT count(*) FROM messaging_delivery x
                           WHERE x.fan_id = q.fan_id
                             AND x.dispatched_at > now() - p.window_seconds * interval '1 second') >= p.count)
              AND NOT EXISTS (
                  SELECT 1 FROM messaging_delivery e
                   WHERE e.fan_id = q.fan_id AND e.account_id = q.account_id AND e.lane = q.lane
                     AND e.state = 'queued' AND (e.priority, e.id) < (q.priority, q.id))
"""

# The locks make two senders count one after the other: without them both would see the same room.
_LOCK_ACCOUNTS = """
SELECT id FROM accounts_platformaccount WHERE id = ANY(%(accounts)s::bigint[]) ORDER BY id FOR NO KEY UPDATE
"""

_ROOM = """
SELECT a.id, min(p.count - u.used)
  FROM accounts_platformaccount a
  JOIN messaging_sendpolicy p
    ON p.is_active AND NOT p.is_per_fan AND (p.account_id IS NULL OR p.account_id = a.id)
   AND (p.until_account_age_days IS NULL OR a.connected_at > now() - p.until_account_age_days * interval '1 day')
 CROSS JOIN LATERAL (
       SELECT count(*) AS used FROM messaging_delivery d
        WHERE d.account_id = a.id AND d.dispatched_at > now() - p.window_seconds * interval '1 second') u
 WHERE a.id = ANY(%(accounts)s::bigint[])
 GROUP BY a.id
"""

# One row of what the wire needs; the text stays sealed until it is opened for its place.
_LOAD = """
SELECT d.id, d.uid, d.attempts, d.available_at, d.first_attempt_at, d.trace_id, d.workspace_id,
       a.platform, a.external_id, f.platform_user_id,
       m.uid, m.text, m.price_minor, m.currency, m.is_locked_text, m.media_ids
  FROM unnest(%(ids)s::bigint[]) AS w(id)
  JOIN messaging_delivery d ON d.id = w.id
  JOIN messaging_message m ON m.id = d.message_id
  JOIN messaging_fan f ON f.id = d.fan_id
  JOIN accounts_platformaccount a ON a.id = d.account_id
 ORDER BY d.priority, d.id
"""

_SETTLE = """
UPDATE messaging_delivery d
   SET state = CASE WHEN o.state = 'failed' AND d.replays > 0 THEN 'uncertain' ELSE o.state END,
       last_error = o.code, attempts = d.attempts - o.refund,
       available_at = CASE WHEN o.delay IS NULL THEN d.available_at
                           ELSE now() + o.delay * interval '1 second' END,
       needs_lookup = o.lookup, leased_until = NULL, lease_token = NULL,
       earlier_answers = CASE WHEN o.used AND d.answered_at IS NOT NULL
                              THEN (d.answered_at || d.earlier_answers)[1:20] ELSE d.earlier_answers END,
       answered_at = CASE WHEN o.used THEN now() ELSE d.answered_at END
  FROM unnest(%(ids)s::bigint[], %(tokens)s::uuid[], %(states)s::text[], %(codes)s::text[], %(refunds)s::int[],
              %(delays)s::float8[], %(lookups)s::bool[], %(used)s::bool[])
       AS o(id, token, state, code, refund, delay, lookup, used)
 WHERE d.id = o.id AND d.lease_token = o.token
RETURNING d.id, EXISTS (SELECT 1 FROM accounts_webhooksubscription WHERE disabled_at IS NULL)
"""

_SETTLE_LATE = """
UPDATE messaging_delivery d
   SET state = 'sent', last_error = '', needs_lookup = false, answered_at = now(), lease_token = NULL
 WHERE d.id = ANY(%(ids)s::bigint[])
   AND (d.state = 'uncertain' OR (d.state IN ('queued', 'scheduled') AND d.replays > 0))
RETURNING d.id
"""

_MARK_SENT = """
WITH told AS (
    UPDATE messaging_message m SET sent_at = now(), platform_message_id = {platform_id}
      FROM unnest(%(ids)s::bigint[], %(platform_ids)s::text[]) AS o(delivery_id, platform_id)
      JOIN messaging_delivery d ON d.id = o.delivery_id
     WHERE m.id = d.message_id
    RETURNING m.conversation_id
)
UPDATE messaging_conversation c SET last_message_at = greatest(coalesce(c.last_message_at, now()), now())
 WHERE c.id IN (SELECT conversation_id FROM told)
"""
_MARK_SENT_PLAIN = _MARK_SENT.format(platform_id="o.platform_id")
# The platform's own report of a message may have been stored before our answer came; its row keeps the id then.
_MARK_SENT_AGAIN = _MARK_SENT.format(
    platform_id="""CASE WHEN EXISTS (
        SELECT 1 FROM messaging_message x
         WHERE x.account_id = m.account_id AND x.platform_message_id = o.platform_id AND x.id <> m.id)
    THEN m.platform_message_id ELSE o.platform_id END"""
)

_MAKE_DUE = """
UPDATE messaging_delivery d SET state = 'queued'
 WHERE d.id IN (SELECT id FROM messaging_delivery
                 WHERE state = 'scheduled' AND available_at <= now()
                 ORDER BY available_at LIMIT %(most)s FOR UPDATE SKIP LOCKED)
RETURNING d.account_id, d.lane
"""

_RESCUE = """
UPDATE messaging_delivery d
   SET state = 'uncertain', last_error = 'sender_lost', needs_lookup = true,
       available_at = d.leased_until + %(lookup_after)s * interval '1 second',
       leased_until = NULL, lease_token = NULL
 WHERE d.id IN (SELECT id FROM messaging_delivery
                 WHERE state = 'sending' AND leased_until < now()
                 ORDER BY leased_until LIMIT %(most)s FOR UPDATE SKIP LOCKED)
RETURNING d.id
"""

_WISHES = """
WITH RECURSIVE accounts AS (
    (SELECT account_id, lane FROM messaging_delivery WHERE state = 'queued' ORDER BY account_id, lane LIMIT 1)
    UNION ALL
    SELECT n.account_id, n.lane
      FROM accounts a
     CROSS JOIN LATERAL (
           SELECT q.account_id, q.lane FROM messaging_delivery q
            WHERE q.state = 'queued' AND (q.account_id, q.lane) > (a.account_id, a.lane)
            ORDER BY q.account_id, q.lane LIMIT 1) n
)
SELECT account_id, lane FROM accounts
"""

# A row counts each of its answers, also while it is in flight again; a row whose sender was lost counts until its
# lease would have ended plus the window.
_SLOTS = """
SELECT a.id, d.id, (extract(epoch FROM now() - d.answered_at) * 1000)::bigint
  FROM accounts_platformaccount a
 CROSS JOIN LATERAL (SELECT id, answered_at FROM messaging_delivery
                      WHERE account_id = a.id AND answered_at > now() - %(window)s * interval '1 second') d
 UNION ALL
SELECT d.account_id, d.id, (extract(epoch FROM now() - e.at) * 1000)::bigint
  FROM messaging_delivery d CROSS JOIN LATERAL unnest(d.earlier_answers) AS e(at)
 WHERE d.answered_at > now() - %(window)s * interval '1 second' AND e.at > now() - %(window)s * interval '1 second'
 UNION ALL
SELECT account_id, id, least(-1, (extract(epoch FROM now() - leased_until) * 1000)::bigint)
  FROM messaging_delivery WHERE state = 'sending'
 UNION ALL
SELECT account_id, id,
       (extract(epoch FROM now() - dispatched_at - %(lease)s * interval '1 second') * 1000)::bigint
  FROM messaging_delivery
 WHERE state = 'uncertain' AND last_error = 'sender_lost'
   AND dispatched_at > now() - (%(window)s + %(lease)s) * interval '1 second'
"""


_HAS_ROWS = """
SELECT EXISTS (
    SELECT 1 FROM unnest(%(accounts)s::bigint[], %(lanes)s::text[]) AS g(account_id, lane)
      JOIN LATERAL (SELECT 1 FROM messaging_delivery q
                     WHERE q.account_id = g.account_id AND q.lane = g.lane AND q.state = 'queued' LIMIT 1) q ON true)
"""


@contextmanager
def _cursor() -> Iterator[psycopg.Cursor[Any]]:
    """A cursor that binds on the server and prepares what it sees often: inlined arrays are parsed and planned anew
    for each batch, which cost as much as the work."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        yield cursor


_CLAIM_PLAIN, _CLAIM_CAPPED = _CLAIM.format(fan_caps=""), _CLAIM.format(fan_caps=_FAN_CAPS)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row that is ours until its lease ends."""

    id: int
    account: int
    lane: Lane
    token: UUID
    campaign: int | None = None


def claim(grants: Sequence[Grant], *, lease: float) -> list[Claimed]:
    """Lease the best rows of each granted account and lane; accounts that may not send give none.

    Caps that staff have set are counted here, under a lock for each account; the platform's own window is the
    limiter's. Where a cap for each fan holds, a claim takes one message a fan.
    """
    token = uuid4()
    values: dict[str, Any] = {
        "accounts": [grant.account for grant in grants],
        "lanes": [str(grant.lane) for grant in grants],
        "counts": [len(grant.slots) for grant in grants],
        "token": token,
        "lease": lease,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        kinds = set(SendPolicy.objects.filter(is_active=True).values_list("is_per_fan", flat=True))
        if kinds:
            cursor.execute(_LOCK_ACCOUNTS, values)
        if False in kinds:
            _cut_to_room(cursor, values)
        cursor.execute(_CLAIM_CAPPED if True in kinds else _CLAIM_PLAIN, values)
        return [
            Claimed(pk, account, Lane(lane), token, campaign)
            for pk, account, lane, campaign in cursor.fetchall()
        ]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A claimed row with its message, as plain columns."""

    id: int
    uid: UUID
    attempts: int
    available_at: datetime
    first_attempt_at: datetime | None
    trace_id: str
    workspace_id: int
    platform: str
    account_external_id: str
    fan_external_id: str
    message_uid: UUID
    text: str
    price_minor: int
    currency: str
    is_locked_text: bool
    media_ids: str

    def outgoing(self) -> Outgoing:
        """What a gateway needs; raises DecryptionFailed when the text can't be opened."""
        price = Money(self.price_minor, self.currency).amount if self.price_minor else Decimal(0)
        return Outgoing(
            key=ids.encode(Delivery.PREFIX, self.uid),
            account_external_id=self.account_external_id,
            fan_external_id=self.fan_external_id,
            text=message_text(self.text, workspace_id=self.workspace_id, uid=self.message_uid).reveal(),
            price=price,
            is_locked_text=self.is_locked_text,
            media_ids=tuple(json.loads(self.media_ids)),
            trace_id=self.trace_id,
            first_attempt_at=self.first_attempt_at,
        )


def message_text(stored: str, *, workspace_id: int, uid: UUID) -> Sealed:
    """A message's sealed text that was read without its model."""
    return Sealed.of_stored(stored, workspace_id=workspace_id, aad=f"{Message._meta.db_table}:text:{uid}")


def load(pks: Sequence[int]) -> list[Loaded]:
    """Claimed rows in the order in which they shall leave: plain columns, because models cost a third of a sender."""
    with _cursor() as cursor:
        cursor.execute(_LOAD, {"ids": list(pks)})
        return [Loaded(*row) for row in cursor.fetchall()]


def _cut_to_room(cursor: CursorWrapper, values: dict[str, Any]) -> None:
    """Lower the granted counts to what the caps leave; both lanes of an account share it."""
    cursor.execute(_ROOM, values)
    room = {account: max(0, left) for account, left in cursor.fetchall()}
    for index, account in enumerate(values["accounts"]):
        if account in room:
            values["counts"][index] = min(values["counts"][index], room[account])
            room[account] -= values["counts"][index]


def settle(outcomes: Sequence[tuple[Claimed, Outcome]]) -> set[int]:
    """Write what came of claimed rows; returns the ids that were written.

    A row whose lease was lost belongs to somebody else by now, but a receipt is the truth all the same: while nobody
    has sent it again it is sent.
    """
    values: dict[str, Any] = {
        "ids": [row.id for row, _ in outcomes],
        "tokens": [row.token for row, _ in outcomes],
        "states": [str(outcome.state) for _, outcome in outcomes],
        "codes": [outcome.code for _, outcome in outcomes],
        "refunds": [0 if outcome.counts_attempt else 1 for _, outcome in outcomes],
        "delays": [outcome.delay for _, outcome in outcomes],
        "lookups": [outcome.lookup for _, outcome in outcomes],
        "used": [outcome.is_slot_used for _, outcome in outcomes],
    }
    sent = [(row.id, outcome.platform_message_id) for row, outcome in outcomes if outcome.platform_message_id]
    with transaction.atomic(), _cursor() as cursor:
        cursor.execute(_SETTLE, values)
        written = dict(cursor.fetchall())
        ours = set(written)
        late = [item for item in sent if item[0] not in ours]
        if late:
            cursor.execute(_SETTLE_LATE, {"ids": [pk for pk, _ in late]})
            ours |= {pk for (pk,) in cursor.fetchall()}
        mark_sent([item for item in sent if item[0] in ours])
        if late or any(
            written.values()
        ):  # whether anybody listens came with the rows: a batch costs no query for it
            tell_deliveries(ours)
    return ours


def mark_sent(sent: Sequence[tuple[int, str]]) -> None:
    """Note the platform's message ids, (delivery, platform message id), in the caller's transaction."""
    if not sent:
        return
    values: dict[str, Any] = {"ids": [pk for pk, _ in sent], "platform_ids": [text for _, text in sent]}
    try:
        with transaction.atomic(), _cursor() as cursor:
            cursor.execute(_MARK_SENT_PLAIN, values)
    except IntegrityError:
        with _cursor() as cursor:
            cursor.execute(_MARK_SENT_AGAIN, values)


def make_due(*, most: int = 5000) -> list[tuple[int, Lane]]:
    """Queue scheduled rows whose time has come; returns the accounts and lanes that have something to send."""
    with connection.cursor() as cursor:
        cursor.execute(_MAKE_DUE, {"most": most})
        return [(account, Lane(lane)) for account, lane in cursor.fetchall()]


def rescue(*, lookup_after: float, most: int = 1000) -> int:
    """Rows whose sender died are uncertain: they may have been sent. Returns how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_RESCUE, {"lookup_after": lookup_after, "most": most})
        rescued = [pk for (pk,) in cursor.fetchall()]
        tell_deliveries(rescued)
    return len(rescued)


def has_rows(grants: Sequence[Grant]) -> bool:
    """Whether any of the granted accounts and lanes has a queued row: a wish may be older than its rows."""
    values: dict[str, Any] = {
        "accounts": [grant.account for grant in grants],
        "lanes": [str(grant.lane) for grant in grants],
    }
    with connection.cursor() as cursor:
        cursor.execute(_HAS_ROWS, values)
        return bool(cursor.fetchone()[0])


def wishes() -> list[tuple[int, Lane]]:
    """Accounts and lanes with queued rows, by a loose scan of the ready index."""
    with connection.cursor() as cursor:
        cursor.execute(_WISHES)
        return [(account, Lane(lane)) for account, lane in cursor.fetchall()]


def slots_in_use(*, window: float, lease: float) -> list[tuple[int, int, int]]:
    """What the limiter's log must hold: (account, delivery, age in ms; negative while it may be in flight)."""
    with connection.cursor() as cursor:
        cursor.execute(_SLOTS, {"window": window, "lease": lease})
        return [(account, pk, age) for account, pk, age in cursor.fetchall()]
