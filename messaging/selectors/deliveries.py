"""Reads of messaging: figures, lists, and rows by public id inside the caller's reach."""

from collections.abc import Sequence

from accounts.models import PlatformAccount
from accounts.selectors.principals import REACHED, reached
from accounts.types import Platform
from huntaze.kernel import ids, sql
from huntaze.kernel.lookup import one
from messaging.errors import UnknownFan, UnknownMessage
from messaging.models import Delivery, Fan
from messaging.types import DeliveryState, QueueFigures

#: Depths are counted up to here and shown as "more than" beyond.
COUNTED = 5_001


def fan_of(
    creator_ids: frozenset[int] | None, recipient_id: str, account: PlatformAccount | None = None
) -> Fan:
    """A fan by `fan_…` or by the platform's id; raises UnknownFan for anybody else's."""
    rows = Fan.objects.select_related("account__creator", "account__workspace")
    if creator_ids is not None:
        rows = rows.filter(account__creator_id__in=creator_ids)
    if account is not None:
        rows = rows.filter(account=account)
    if recipient_id.startswith("fan_"):
        uid = ids.decode("fan", recipient_id)
        fan = one(rows.filter(uid=uid)) if uid else None
    else:
        fan = one(rows.filter(platform_user_id=recipient_id)) if account else None
    if fan is None:
        raise UnknownFan
    return fan


def delivery_of(creator_ids: frozenset[int] | None, message_id: str) -> Delivery:
    """A delivery by its message's public id, or by its own; raises UnknownMessage for anybody else's."""
    field, prefix = ("uid", "dlv") if message_id.startswith("dlv_") else ("message__uid", "msg")
    uid = ids.decode(prefix, message_id)
    rows = Delivery.objects.with_everything().filter(**{field: uid})
    if creator_ids is not None:
        rows = rows.filter(account__creator_id__in=creator_ids)
    delivery: Delivery | None = one(rows) if uid else None
    if delivery is None:
        raise UnknownMessage
    return delivery


def has_sent(account_pks: Sequence[int]) -> bool:
    """Whether anything of these accounts has gone out."""
    gone = Delivery.objects.filter(account_id__in=account_pks, dispatched_at__isnull=False)
    return gone.filter(state=DeliveryState.SENT).exists()


# Each state is written out, because a partial index is used only where the planner sees the constant. What is counted
# is counted to a bound that all accounts share (OFFSET 0 keeps their probes apart); what is oldest or newest is one
# probe of an index for each account.
_FIGURES = """
WITH mine AS MATERIALIZED (
    SELECT a.id, a.workspace_id, a.state = 'connected' AS is_connected, a.is_sending_paused
      FROM accounts_platformaccount a WHERE a.id = ANY ({keys})),
waiting AS (
    SELECT count(*) AS rows
      FROM (SELECT a.id FROM mine a CROSS JOIN LATERAL (
                   SELECT 1 FROM messaging_delivery d WHERE d.account_id = a.id AND d.state = 'queued' OFFSET 0) d
             LIMIT %(most)s) q
     GROUP BY q.id),
ends AS (
    SELECT min(e.first_promise) AS first_promise, max(e.last_promise) AS last_promise, max(e.last_answer) AS last_answer
      FROM mine a CROSS JOIN LATERAL (
           SELECT (SELECT min(d.promised_at) FROM messaging_delivery d
                    WHERE d.account_id = a.id AND d.state = 'queued') AS first_promise,
                  (SELECT max(d.promised_at) FROM messaging_delivery d
                    WHERE d.account_id = a.id AND d.state = 'queued') AS last_promise,
                  (SELECT max(d.answered_at) FROM messaging_delivery d WHERE d.account_id = a.id) AS last_answer) e)
SELECT (SELECT count(*) FROM mine),
       (SELECT count(*) FROM mine WHERE is_connected),
       ARRAY(SELECT id FROM mine WHERE is_connected AND NOT is_sending_paused),
       (SELECT coalesce(sum(rows), 0)::int FROM waiting),
       (SELECT coalesce(max(rows), 0)::int FROM waiting),
       (SELECT count(*) FROM (SELECT 1 FROM mine a JOIN messaging_delivery d ON d.account_id = a.id
                               WHERE d.state = 'sending' LIMIT %(most)s) q),
       (SELECT count(*) FROM (SELECT 1 FROM mine a JOIN messaging_delivery d ON d.account_id = a.id
                               WHERE d.state = 'failed' LIMIT %(most)s) q),
       (SELECT count(*) FROM (SELECT 1 FROM mine a JOIN messaging_delivery d ON d.account_id = a.id
                               WHERE d.state = 'uncertain' LIMIT %(most)s) q),
       (SELECT count(*) FROM (SELECT 1 FROM mine a JOIN messaging_delivery d ON d.account_id = a.id
                               WHERE d.state = 'scheduled' LIMIT %(most)s) q),
       last_answer, first_promise, last_promise,
       coalesce((SELECT s.is_stopped FROM messaging_sendswitch s ORDER BY s.id DESC LIMIT 1), false),
       EXISTS (SELECT 1 FROM billing_workspacehold h WHERE h.workspace_id IN (SELECT workspace_id FROM mine)),
       EXISTS (SELECT 1 FROM mine a JOIN messaging_campaign c ON c.account_id = a.id
                WHERE c.state IN ('planning', 'running') AND c.state_reason = 'credits')
  FROM ends
"""


_FIGURES_OF_ACCOUNTS = _FIGURES.format(keys="%(accounts)s::bigint[]")
_FIGURES_OF_REACH = _FIGURES.format(keys=f"ARRAY({REACHED})")


def queue_figures(account_pks: Sequence[int] | None, reach: frozenset[int] | None = None) -> QueueFigures:
    """Depths and times of these accounts' queues, or of all that a caller reaches, in one statement whatever their
    number."""
    if account_pks is None:
        found = sql.row(_FIGURES_OF_REACH, {"most": COUNTED} | reached(reach, Platform.ONLYFANS))
    else:
        found = sql.row(_FIGURES_OF_ACCOUNTS, {"most": COUNTED, "accounts": list(account_pks)})
    assert found is not None
    accounts, connected, able, *figures = found
    return QueueFigures(accounts, connected, tuple(able), *figures)


def dead_letters(account_pks: list[int], *, limit: int, offset: int) -> tuple[list[Delivery], int]:
    """Failed messages, newest first, and how many there are."""
    rows = Delivery.objects.for_accounts(account_pks).dead_letters()
    return list(rows.with_everything().order_by("-pk")[offset : offset + limit]), rows.count()


def waiting(account_pks: Sequence[int]) -> int:
    """Messages of these accounts that have not left yet, counted to at most COUNTED."""
    states = [DeliveryState.SCHEDULED, DeliveryState.QUEUED, DeliveryState.HELD]
    rows = Delivery.objects.filter(account_id__in=account_pks, state__in=states)
    return rows.order_by()[:COUNTED].count()
