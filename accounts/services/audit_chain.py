"""Sealing the audit log: signed rows are chained into blocks a few seconds after they were written.

Nobody who writes a row waits for the chain; the heads are locked by the sealer only. See docs/adr/0006-audit-chain.md.
"""

from collections import defaultdict
from datetime import datetime

import structlog
from django.db import connection, transaction

from accounts.models import AuditBlock, AuditEvent, AuditHead, AuditMark
from accounts.rules import audit_chain as rules
from huntaze.kernel import crypto
from huntaze.kernel.tenancy import cross_workspace

log = structlog.get_logger(__name__)

#: Rows sealed in one transaction, and transactions of one run.
BATCH, MOST_BATCHES = 2000, 50


def seal(*, now: datetime) -> int:
    """Chain every row that is settled; returns how many. Beside another sealer it does nothing."""
    sealed = 0
    for _ in range(MOST_BATCHES):
        count = _seal_batch(now)
        sealed += count
        if count < BATCH:
            break
    return sealed


def signed_head(head: AuditHead) -> bytes:
    """The signature that belongs to a head as it stands."""
    text = rules.head(head.workspace_id, head.seq, bytes(head.hash), head.forgotten_seq)
    return crypto.blind_index(text, purpose="audit-head")


def locked_mark() -> AuditMark | None:
    """The mark, ours until the transaction ends; None while another sealer has it."""
    AuditMark.objects.bulk_create([AuditMark(pk=1)], ignore_conflicts=True)
    return AuditMark.objects.select_for_update(skip_locked=True).filter(pk=1).first()


def _seal_batch(now: datetime) -> int:
    with cross_workspace("audit chain"), transaction.atomic():
        mark = locked_mark()
        if mark is None:
            return 0
        if mark.next_id <= mark.sealed_id:
            mark.next_id = (
                _last_id()
            )  # before the writers: whoever took an id up to here is among them, or over
            mark.writers = sorted(_writers())
        mark.writers = sorted(_writers().intersection(mark.writers))
        rows = [] if mark.writers else _settled(mark)
        _chain(rows, now)
        if not mark.writers:
            mark.sealed_id = rows[-1][0] if len(rows) == BATCH else mark.next_id
        mark.save()
        return len(rows)


def _settled(mark: AuditMark) -> list[tuple[int, int, bytes]]:
    """Key, workspace and signature of the next rows, oldest first."""
    events = AuditEvent.objects.filter(pk__gt=mark.sealed_id, pk__lte=mark.next_id).order_by("pk")
    return [
        (pk, owner, bytes(mac)) for pk, owner, mac in events.values_list("pk", "workspace_id", "mac")[:BATCH]
    ]


def _chain(rows: list[tuple[int, int, bytes]], now: datetime) -> None:
    """Append one block to the chain of each workspace among the rows."""
    by_workspace: dict[int, list[tuple[int, bytes]]] = defaultdict(list)
    for pk, workspace_id, mac in rows:
        by_workspace[workspace_id].append((pk, mac))
    heads = _locked_heads(sorted(by_workspace))
    blocks = []
    for head in heads:
        ids = [pk for pk, _ in by_workspace[head.workspace_id]]
        macs = b"".join(mac for _, mac in by_workspace[head.workspace_id])
        previous = bytes(head.hash)
        head.seq += 1
        head.hash = rules.block_hash(previous, head.workspace_id, head.seq, ids, macs)
        head.mac = signed_head(head)
        block = AuditBlock(workspace_id=head.workspace_id, seq=head.seq, event_ids=ids, macs=macs)
        block.previous_hash, block.hash, block.sealed_at = previous, head.hash, now
        blocks.append(block)
    AuditBlock.objects.bulk_create(blocks, batch_size=500)
    AuditHead.objects.bulk_update(heads, ["seq", "hash", "mac"], batch_size=500)


def _locked_heads(workspace_ids: list[int]) -> list[AuditHead]:
    """The heads, made where missing, locked in the order of their workspaces."""
    rows = AuditHead.objects.filter(workspace_id__in=workspace_ids)
    known = set(rows.values_list("workspace_id", flat=True))
    missing = [
        AuditHead(workspace_id=pk, hash=rules.GENESIS, mac=b"") for pk in workspace_ids if pk not in known
    ]
    AuditHead.objects.bulk_create(missing, ignore_conflicts=True)
    return list(rows.select_for_update().order_by("workspace_id"))


def _last_id() -> int:
    """The last id that was given out; rows with it or a smaller one may not be committed yet."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_sequence_last_value(pg_get_serial_sequence('accounts_auditevent', 'id')::regclass)"
        )
        return int(cursor.fetchone()[0] or 0)


def _writers() -> set[str]:
    """Transactions that have written to the log, or are about to, and are not over. A writer takes this lock before it
    takes an id, and keeps it until it ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT virtualtransaction FROM pg_locks"
            " WHERE locktype = 'relation' AND mode = 'RowExclusiveLock'"
            "   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            "   AND relation = 'accounts_auditevent'::regclass AND pid IS DISTINCT FROM pg_backend_pid()"
        )
        return {row[0] for row in cursor.fetchall()}
