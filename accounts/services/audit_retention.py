"""What the audit log forgets: addresses after 90 days, rows after two years. The chain stays whole."""

from collections.abc import Iterator
from datetime import datetime
from itertools import takewhile

import structlog
from django.conf import settings
from django.db import connection, transaction

from accounts.models import AuditBlock, AuditEvent, AuditHead, AuditMark, LegalHold, Workspace
from accounts.services import audit
from accounts.services.audit_chain import locked_mark, signed_head
from huntaze.kernel.tenancy import cross_workspace, workspace_scope

log = structlog.get_logger(__name__)

BATCH, BLOCKS = 2000, 50


def clear_origins(now: datetime) -> Iterator[int]:
    """Clear addresses and browsers of rows whose time is over; yields how many rows were looked at, batch by batch.

    The mark passes over the rows of a workspace that is held; those are cleared once the hold has been released.
    """
    while seen := _clear_some(now - settings.RETENTION["audit_origins"]):
        yield seen
    while seen := _clear_released(now):
        yield seen


def count_origins(now: datetime) -> int:
    """How many rows the next run would look at."""
    before = now - settings.RETENTION["audit_origins"]
    with cross_workspace("retention"):
        mark = AuditMark.objects.first()
        rows = AuditEvent.objects.filter(pk__gt=mark.cleared_id if mark else 0, at__lt=before)
        return rows.count() if mark else 0


def _clear_some(before: datetime) -> int:
    with cross_workspace("retention"), transaction.atomic():
        mark = locked_mark()
        if mark is None:
            return 0
        rows = AuditEvent.objects.filter(pk__gt=mark.cleared_id, pk__lte=mark.sealed_id).order_by("pk")
        batch = list(rows.values_list("pk", "at", "workspace_id")[:BATCH])
        old = list(takewhile(lambda row: row[1] < before, batch))
        if not old:
            return 0
        held = set(LegalHold.objects.filter(released_at=None).values_list("workspace_id", flat=True))
        clear_rows([pk for pk, _, workspace_pk in old if workspace_pk not in held])
        mark.cleared_id = old[-1][0]
        mark.save(update_fields=["cleared_id"])
    return len(old)


def _clear_released(now: datetime) -> int:
    """A batch of the rows that a hold, released since, kept the mark from clearing."""
    with cross_workspace("retention"), transaction.atomic():
        mark = locked_mark()
        over = LegalHold.objects.filter(released_at__isnull=False, tidied_at=None)
        hold = over.select_for_update(skip_locked=True).order_by("pk").first()
        if mark is None or hold is None:
            return 0
        if not LegalHold.objects.filter(workspace=hold.workspace_id, released_at=None).exists():
            rows = AuditEvent.objects.filter(workspace=hold.workspace_id, pk__lte=mark.cleared_id)
            kept = rows.exclude(ip=None, user_agent="").order_by("pk")
            pks = list(kept.values_list("pk", flat=True)[:BATCH])
            if pks:
                clear_rows(pks)
                return len(pks)
        hold.tidied_at = now
        hold.save(update_fields=["tidied_at"])
    return 1


def clear_rows(pks: list[int]) -> None:
    """Take address and browser off rows, in the caller's transaction; their signatures stay valid."""
    _say("clear")
    AuditEvent.objects.filter(pk__in=pks).exclude(ip=None, user_agent="").update(ip=None, user_agent="")
    _say("")


def forget_everywhere(now: datetime) -> Iterator[int]:
    """`forget_rows` of every workspace that no legal hold keeps whole; yields how many rows, workspace by workspace."""
    for pk in _workspaces():
        yield forget_rows(workspace_id=pk, now=now)


def count_rows(now: datetime) -> int:
    """How many rows are older than their time."""
    before, count = now - settings.RETENTION["audit"], 0
    for pk in _workspaces():
        with workspace_scope(pk):
            count += AuditEvent.objects.filter(workspace=pk, at__lt=before).count()
    return count


def _workspaces() -> Iterator[int]:
    after = 0
    while True:
        with cross_workspace("retention"):
            held = LegalHold.objects.filter(released_at=None).values("workspace_id")
            rows = Workspace.objects.filter(pk__gt=after).exclude(pk__in=held).order_by("pk")
            pks = list(rows.values_list("pk", flat=True)[:BATCH])
        if not pks:
            return
        yield from pks
        after = pks[-1]


def forget_rows(*, workspace_id: int, now: datetime) -> int:
    """Delete the rows of one workspace's blocks that are all older than their time; returns how many.

    The blocks stay, so that the chain can be checked from its start, and a row of the log says what is gone.
    """
    before, forgotten = now - settings.RETENTION["audit"], 0
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
