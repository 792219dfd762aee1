"""Claiming: the grants of a tick become leased rows, in one statement for all of them.

Written by hand because one statement for hundreds of rows is what the throughput comes from: claiming through the
ORM one account at a time costs fifteen times as much. Runs across workspaces; PostgreSQL's clock is the only clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from huntaze.kernel.limiter import Grant, Lane
from huntaze.platforms.sandbox import MADE_UP, is_sandbox
from messaging.models import SendPolicy

# What a demo made up is claimed by nobody, and of a demo's workspace nothing but on the sandbox.
# A fan's next message waits for the answer to the one before it: two requests in flight may arrive in any order.
_CLAIM = """
WITH wanted AS (
    SELECT g.account_id, g.lane, g.n
      FROM unnest(%(accounts)s::bigint[], %(lanes)s::text[], %(counts)s::int[]) AS g(account_id, lane, n)
      JOIN accounts_platformaccount a
        ON a.id = g.account_id AND a.state = 'connected' AND NOT a.is_sending_paused
       AND NOT starts_with(a.external_id, %(made_up)s)
      JOIN accounts_creator c ON c.id = a.creator_id AND c.status = 'active'
      JOIN accounts_workspace s ON s.id = a.workspace_id AND s.status = 'active'
       AND (NOT s.is_demo OR %(is_sandbox)s)
       AND NOT EXISTS (SELECT 1 FROM billing_workspacehold h WHERE h.workspace_id = s.id)
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

_CLAIM_PLAIN, _CLAIM_CAPPED = _CLAIM.format(fan_caps=""), _CLAIM.format(fan_caps=_FAN_CAPS)

_HAS_ROWS = """
SELECT EXISTS (
    SELECT 1 FROM unnest(%(accounts)s::bigint[], %(lanes)s::text[]) AS g(account_id, lane)
      JOIN LATERAL (SELECT 1 FROM messaging_delivery q
                     WHERE q.account_id = g.account_id AND q.lane = g.lane AND q.state = 'queued' LIMIT 1) q ON true)
"""


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
        "made_up": MADE_UP,
        "is_sandbox": is_sandbox(settings.ONLYFANSAPI_BASE_URL),
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


def _cut_to_room(cursor: CursorWrapper, values: dict[str, Any]) -> None:
    """Lower the granted counts to what the caps leave; both lanes of an account share it."""
    cursor.execute(_ROOM, values)
    room = {account: max(0, left) for account, left in cursor.fetchall()}
    for index, account in enumerate(values["accounts"]):
        if account in room:
            values["counts"][index] = min(values["counts"][index], room[account])
            room[account] -= values["counts"][index]


def has_rows(grants: Sequence[Grant]) -> bool:
    """Whether any of the granted accounts and lanes has a queued row: a wish may be older than its rows."""
    values: dict[str, Any] = {
        "accounts": [grant.account for grant in grants],
        "lanes": [str(grant.lane) for grant in grants],
    }
    with connection.cursor() as cursor:
        cursor.execute(_HAS_ROWS, values)
        return bool(cursor.fetchone()[0])
