"""What staff read of messaging: fans found by name, handle or id, and what went out of an account. Texts stay sealed.

For the staff's pages, with the wall lifted.
"""

from collections.abc import Sequence

from django.db import connection
from django.db.models import Q

from huntaze.kernel import ids
from messaging.models import Campaign, Delivery, Fan, InboundEvent, Message

#: Rows shown of one kind.
MOST, MOST_FANS, MOST_MESSAGES, MOST_CAMPAIGNS = 10, 20, 50, 30

# Each account's own newest by its index, then the newest of those. States are written out: the partial indexes are used
# only where the planner sees the constant.
_OUT = """
SELECT d.id FROM unnest(%(accounts)s::bigint[]) AS a(id)
 CROSS JOIN LATERAL (
       SELECT q.id FROM messaging_delivery q WHERE q.account_id = a.id ORDER BY q.id DESC LIMIT %(most)s) d
 ORDER BY d.id DESC LIMIT %(most)s
"""
SET_ASIDE = """
SELECT d.id FROM unnest(%(accounts)s::bigint[]) AS a(id)
 CROSS JOIN LATERAL (
       (SELECT q.id FROM messaging_delivery q
         WHERE q.account_id = a.id AND q.state = 'failed' ORDER BY q.id DESC LIMIT %(most)s)
        UNION ALL
       (SELECT q.id FROM messaging_delivery q
         WHERE q.account_id = a.id AND q.state = 'uncertain' ORDER BY q.id DESC LIMIT %(most)s)) d
 ORDER BY d.id DESC LIMIT %(most)s
"""


def fans_named(*, name: bytes, handle: bytes, platform_id: str) -> list[Fan]:
    """Fans whose whole name or handle has these digests, or whom the platform knows by this id."""
    rows = Fan.objects.filter(Q(name_digest=name) | Q(handle_digest=handle) | Q(platform_user_id=platform_id))
    return list(rows.select_related("account__creator", "workspace").order_by()[:MOST_FANS])


def deliveries_of_trace(trace_id: str) -> list[Delivery]:
    rows = Delivery.objects.filter(trace_id=trace_id).select_related("message", "account", "workspace")
    return list(rows[:MOST])


def events_of_trace(trace_id: str) -> list[InboundEvent]:
    return list(InboundEvent.objects.filter(trace_id=trace_id)[:MOST])


def newest_deliveries(account_pks: Sequence[int]) -> list[Delivery]:
    """What went, or goes, out of these accounts, newest first."""
    return _newest(_OUT, account_pks, MOST_MESSAGES)


def newest_set_aside(account_pks: Sequence[int]) -> list[Delivery]:
    """Failed and uncertain messages of these accounts, newest first."""
    return _newest(SET_ASIDE, account_pks, MOST_FANS)


def _newest(statement: str, account_pks: Sequence[int], most: int) -> list[Delivery]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"accounts": list(account_pks), "most": most})
        pks = [row[0] for row in cursor.fetchall()]
    rows = Delivery.objects.filter(pk__in=pks).select_related("message", "fan", "account")
    return list(rows.order_by("-id"))


def talk_with(fan_id: str, account_pks: Sequence[int]) -> tuple[Fan | None, list[Message]]:
    """A fan of one of these accounts, and the newest messages in both directions."""
    uid = ids.decode(Fan.PREFIX, fan_id)
    fan = (
        Fan.objects.filter(uid=uid, account_id__in=account_pks).select_related("account").first()
        if uid
        else None
    )
    if fan is None:
        return None, []
    rows = Message.objects.filter(conversation__fan=fan).order_by("-created_at")
    return fan, list(rows[:MOST_MESSAGES])


def campaigns_of(account_pks: Sequence[int]) -> list[Campaign]:
    rows = Campaign.objects.filter(account_id__in=account_pks).select_related("account", "editor__user")
    return list(rows.order_by("-pk")[:MOST_CAMPAIGNS])
