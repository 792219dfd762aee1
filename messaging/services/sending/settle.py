"""Settling: what came of claimed rows is written, compare-and-set on the lease's token, a batch in one statement."""

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction

from huntaze.kernel import sql
from messaging.rules.outcomes import Outcome
from messaging.services import credits
from messaging.services.news import tell_deliveries
from messaging.services.sending.claims import Claimed

_STATE = "CASE WHEN o.state = 'failed' AND d.replays > 0 THEN 'uncertain' ELSE o.state END"
_SETTLE = credits.ending(
    """
WITH ended AS (
UPDATE messaging_delivery d
   SET state = {state},
       credit_state = {credit},
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
RETURNING d.id, d.workspace_id, d.reservation_id, d.credit_state
), {noted}
SELECT id, EXISTS (SELECT 1 FROM accounts_webhooksubscription WHERE disabled_at IS NULL) FROM ended
""",
    state=_STATE,
)

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
 WHERE c.id IN (SELECT k.id FROM messaging_conversation k
                 WHERE k.id IN (SELECT conversation_id FROM told) ORDER BY k.id FOR NO KEY UPDATE)
"""
_MARK_SENT_PLAIN = _MARK_SENT.format(platform_id="o.platform_id")
# The platform's own report of a message may have been stored before our answer came; its row keeps the id then.
_MARK_SENT_AGAIN = _MARK_SENT.format(
    platform_id="""CASE WHEN EXISTS (
        SELECT 1 FROM messaging_message x
         WHERE x.account_id = m.account_id AND x.platform_message_id = o.platform_id AND x.id <> m.id)
    THEN m.platform_message_id ELSE o.platform_id END"""
)


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
    with transaction.atomic(), sql.cursor() as cursor:
        cursor.execute(_SETTLE, values)
        written = dict(cursor.fetchall())
        ours = set(written)
        late = [item for item in sent if item[0] not in ours]
        if late:
            cursor.execute(_SETTLE_LATE, {"ids": [pk for pk, _ in late]})
            came_late = [pk for (pk,) in cursor.fetchall()]
            ours |= set(came_late)
            credits.end(came_late)
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
        with transaction.atomic(), sql.cursor() as cursor:
            cursor.execute(_MARK_SENT_PLAIN, values)
    except IntegrityError:
        with sql.cursor() as cursor:
            cursor.execute(_MARK_SENT_AGAIN, values)
