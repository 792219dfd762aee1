"""Reads of the audit log: newest first, in pages that cost the same however long the log is."""

import base64
import binascii
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q

from accounts.models import ApiKey, AuditEvent, Membership
from huntaze.kernel import ids
from huntaze.kernel.errors import FieldError, Invalid

#: Counting stops here.
MOST_COUNTED = 10_001
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What is looked for; empty means everything. `actor` is a member's or key's public id, `since` and `until` are
    times of the deeds."""

    action: str = ""
    actor: str = ""
    target: str = ""
    trace_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """`total` counts to 10,001 and stops there; `next_cursor` is empty on the last page."""

    rows: list[AuditEvent]
    total: int
    next_cursor: str


def audit_page(wanted: AuditFilter, *, limit: int, cursor: str = "") -> AuditPage:
    """Events of the workspace in scope; raises Invalid for a cursor that is none of ours."""
    found = AuditEvent.objects.filter(_conditions(wanted))
    total = found.order_by()[:MOST_COUNTED].count()
    if cursor:
        at, pk = _position(cursor)
        found = found.filter(Q(at__lt=at) | Q(at=at, pk__lt=pk), at__lte=at)
    rows = list(
        found.select_related("actor_user", "actor_member__user", "actor_key").order_by("-at", "-pk")[
            : limit + 1
        ]
    )
    more = rows[limit - 1] if len(rows) > limit else None
    return AuditPage(rows[:limit], total, _cursor(more) if more else "")


def _conditions(wanted: AuditFilter) -> Q:
    condition = Q()
    if wanted.action:
        condition &= Q(action=wanted.action)
    if wanted.target:
        condition &= Q(target=wanted.target)
    if wanted.trace_id:
        condition &= Q(trace_id=wanted.trace_id)
    if wanted.since:
        condition &= Q(at__gte=wanted.since)
    if wanted.until:
        condition &= Q(at__lt=wanted.until)
    return condition & _actor(wanted.actor) if wanted.actor else condition


def _actor(public_id: str) -> Q:
    """Nobody's id finds nothing."""
    member, key = ids.decode("mbr", public_id), ids.decode("key", public_id)
    if member:
        return Q(actor_member__in=Membership.objects.filter(uid=member))
    if key:
        return Q(actor_key__in=ApiKey.objects.filter(uid=key))
    return Q(pk=None)


def _cursor(row: AuditEvent) -> str:
    micros = (row.at - _EPOCH) // timedelta(microseconds=1)
    return base64.urlsafe_b64encode(struct.pack(">qq", micros, row.pk)).decode().rstrip("=")


def _position(cursor: str) -> tuple[datetime, int]:
    try:
        micros, pk = struct.unpack(">qq", base64.b64decode(cursor + "==", altchars=b"-_", validate=True))
        return _EPOCH + timedelta(microseconds=micros), pk
    except (struct.error, binascii.Error, ValueError, OverflowError) as error:
        raise Invalid(FieldError("cursor", "Use the cursor of an earlier answer.")) from error


def shown(row: AuditEvent) -> dict[str, Any]:
    """An event as its workspace sees it. Staff appear as staff, not by name; who they acted for is a member."""
    is_staff = row.actor_kind == "staff"
    member = row.actor_member
    return {
        "id": row.public_id,
        "at": row.at,
        "action": row.action,
        "target": row.target or None,
        "actor": {
            "kind": row.actor_kind,
            "name": row.actor_user.name if row.actor_user and not is_staff else None,
            "member_id": member.public_id if member and not is_staff else None,
            "key_id": row.actor_key.public_id if row.actor_key else None,
            "on_behalf_of": member.public_id if member and is_staff else None,
        },
        "changes": row.changes,
        "reason": row.reason or None,
        "request_id": row.trace_id,
        "ip": None if is_staff else row.ip,
    }
