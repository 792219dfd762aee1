"""What the audit log forgets: addresses after 90 days, rows after two years. The chain stays whole."""

from datetime import datetime, timedelta
from itertools import takewhile

import structlog
from django.conf import settings
from django.db import connection, transaction

from accounts.models import AuditBlock, AuditEvent, AuditHead, Workspace
from accounts.services import audit
from accounts.services.audit_chain import locked_mark, signed_head
from huntaze.kernel.tenancy import cross_workspace, workspace_scope

log = structlog.get_logger(__name__)

BATCH, BLOCKS = 2000, 50


def forget_old(*, now: datetime) -> None:
    """Everything whose time is over, in every workspace."""
    clear_origins(now=now)
    after = 0
    while pks := list(
        Workspace.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:BATCH]
    ):
        for pk in pks:
            forget_rows(workspace_id=pk, now=now)
        after = pks[-1]


def clear_origins(*, now: datetime) -> int:
    """Clear addresses and browsers of rows older than AUDIT_ORIGIN_DAYS; returns how many rows were looked at."""
    before, seen = now - timedelta(days=settings.AUDIT_ORIGIN_DAYS), 0
    while True:
        with cross_workspace("retention"), transaction.atomic():
            mark = locked_mark()
            if mark is None:
                return seen
            rows = AuditEvent.objects.filter(pk__gt=mark.cleared_id, pk__lte=mark.sealed_id).order_by("pk")
            batch = list(rows.values_list("pk", "at")[:BATCH])
            old = [pk for pk, _ in takewhile(lambda row: row[1] < before, batch)]
            if not old:
                return seen
            clear_rows(old)
            mark.cleared_id = old[-1]
            mark.save(update_fields=["cleared_id"])
        seen += len(old)
        if len(old) < BATCH:
            return seen


def clear_rows(pks: list[int]) -> None:
    """Take address and browser off rows, in the caller's transaction; their signatures stay valid."""
    _say("clear")
    AuditEvent.objects.filter(pk__in=pks).exclude(ip=None, user_agent="").update(ip=None, user_agent="")
    _say("")


def forget_rows(*, workspace_id: int, now: datetime) -> int:
    """Delete the rows of one workspace's blocks that are all older than AUDIT_MONTHS; returns how many.

    The blocks stay, so that the chain can be checked from its start, and a row of the log says what is gone.
    """
    before = now - timedelta(days=settings.AUDIT_MONTHS * 365.25 / 12)
    forgotten = 0
    with workspace_scope(workspace_id):
        while count := _forget_some(before, now):
            forgotten += count
    if forgotten:
        log.info("accounts.audit.forgotten", rows=forgotten)
    return forgotten


def _forget_some(before: datetime, now: datetime) -> int:
    with transaction.atomic():
        head = AuditHead.objects.select_for_update().first()
        if head is None:
            return 0
        rows = AuditBlock.objects.filter(seq__gt=head.forgotten_seq).order_by("seq")[:BLOCKS]
        old = list(takewhile(lambda block: block.sealed_at < before, rows))
        if not old:
            return 0
        _say("forget")
        count, _ = AuditEvent.objects.filter(pk__in=[pk for block in old for pk in block.event_ids]).delete()
        _say("")
        head.forgotten_seq = old[-1].seq
        head.mac = signed_head(head)
        head.save(update_fields=["forgotten_seq", "mac"])
        audit.record(
            workspace_id=head.workspace_id,
            actor=audit.Actor.system(),
            action="audit.forgotten",
            now=now,
            changes={"upTo": head.forgotten_seq, "rows": count},
        )
    return count


def _say(deed: str) -> None:
    """Name the deed to the trigger, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('huntaze.audit', %s, true)", [deed])
