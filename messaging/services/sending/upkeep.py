"""What keeps the queue right beside the pumps: due rows, lost senders, wishes, and the slots in use for a rebuild."""

from django.db import connection, transaction

from huntaze.kernel.limiter import Lane
from messaging.services.news import tell_ended

_MAKE_DUE = """
UPDATE messaging_delivery d SET state = 'queued'
 WHERE d.id = ANY(ARRAY(
       SELECT id FROM messaging_delivery
        WHERE state = 'scheduled' AND available_at <= now()
        ORDER BY available_at LIMIT %(most)s FOR UPDATE SKIP LOCKED))
RETURNING d.account_id, d.lane
"""

_RESCUE = """
UPDATE messaging_delivery d
   SET state = 'uncertain', last_error = 'sender_lost', needs_lookup = true,
       available_at = d.leased_until + %(lookup_after)s * interval '1 second',
       leased_until = NULL, lease_token = NULL
 WHERE d.id = ANY(ARRAY(
       SELECT id FROM messaging_delivery
        WHERE state = 'sending' AND leased_until < now()
        ORDER BY leased_until LIMIT %(most)s FOR UPDATE SKIP LOCKED))
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
        tell_ended(rescued)
    return len(rescued)


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
