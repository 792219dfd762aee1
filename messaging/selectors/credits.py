"""Reservations of messages beside the deliveries that hold them."""

from dataclasses import dataclass
from datetime import datetime

from billing.models import Reservation
from billing.types import Unit
from huntaze.kernel import ids, sql
from messaging.models import Campaign, Delivery

# Each count is a look into an index: the delivery's or campaign's public id, the notes of a workspace.
_HOLDERS = """
SELECT o.id,
       (SELECT count(*) FROM messaging_delivery d
         WHERE o.kind = 'delivery' AND d.uid = o.uid AND d.reservation_id = o.id AND d.credit_state = 'reserved')
     + (SELECT count(*) FROM messaging_campaign c JOIN messaging_delivery d ON d.campaign_id = c.id
         WHERE o.kind = 'campaign' AND c.uid = o.uid AND d.reservation_id = o.id AND d.credit_state = 'reserved')
     + (SELECT coalesce(sum(x.settled + x.released), 0) FROM messaging_creditchange x
         WHERE x.workspace_id = o.workspace_id AND x.reservation_id = o.id)
  FROM unnest(%(ids)s::bigint[], %(workspaces)s::bigint[], %(kinds)s::text[], %(uids)s::uuid[])
       AS o(id, workspace_id, kind, uid)
"""
_PREFIXES = {"delivery": Delivery.PREFIX, "campaign": Campaign.PREFIX}


@dataclass(frozen=True, slots=True)
class Held:
    """An open reservation; `excess` of its credits are neither held by a delivery nor noted to be posted."""

    id: int
    workspace: int
    excess: int


def held_reservations(*, after: int, until: datetime, limit: int) -> list[Held]:
    """Open reservations of messages with a key above `after`, made before `until`, in the order of their keys."""
    found = Reservation.objects.filter(unit=Unit.MESSAGE, pk__gt=after, reserved_at__lt=until)
    page = list(found.open().order_by("pk")[:limit])
    rows = [row for row in page if row.ref_type in _PREFIXES]
    values = {
        "ids": [row.pk for row in rows],
        "workspaces": [row.workspace_id for row in rows],
        "kinds": [row.ref_type for row in rows],
        "uids": [ids.decode(_PREFIXES[row.ref_type], row.ref_id.partition("#")[0]) for row in rows],
    }
    held = {pk: int(count) for pk, count in sql.rows(_HOLDERS, values)} if rows else {}
    return [Held(row.pk, row.workspace_id, _open(row) - held.get(row.pk, _open(row))) for row in page]


def _open(row: Reservation) -> int:
    return row.amount - row.settled - row.released
