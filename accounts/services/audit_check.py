"""Proving the audit log: recompute every signature and every hash, and name what does not add up."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from accounts.models import AuditBlock, AuditEvent, AuditHead, AuditMark, Workspace
from accounts.rules import audit_chain as rules
from accounts.services import audit
from accounts.services.audit_chain import signed_head
from huntaze.kernel.tenancy import workspace_scope

#: Blocks, and rows that are not sealed yet, read at a time.
BLOCKS, TAIL = 20, 2000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was written. `place` is a row's public id or number, a block, or the head."""

    kind: str
    place: str


@dataclass(slots=True)
class Proof:
    """What was checked of one workspace's log. Rows that are not sealed yet are signed, but not chained."""

    workspace_id: str
    blocks: int = 0
    rows: int = 0
    unsealed: int = 0
    forgotten: int = 0
    findings: list[Finding] = field(default_factory=list)

    def found(self, kind: str, place: str) -> None:
        self.findings.append(Finding(kind, place))


def verify(workspace: Workspace) -> Proof:
    """Check one workspace's whole log, in bounded steps."""
    proof = Proof(workspace.public_id)
    with workspace_scope(workspace.pk):
        # In this order: beside a sealer at work each of them is at least as far as the one before.
        mark = AuditMark.objects.filter(pk=1).first() or AuditMark()
        head = AuditHead.objects.first()
        seq, hash_, last_id = 0, rules.GENESIS, 0
        for block in _blocks(upto=head.seq if head else 0):
            seq, hash_ = _check_link(proof, block, seq, hash_)
            is_forgotten = head is not None and block.seq <= head.forgotten_seq
            _check_rows(proof, block, after=last_id, is_forgotten=is_forgotten)
            last_id = max([last_id, *block.event_ids])
        _check_head(proof, head, seq, hash_)
        _check_end(proof)
        _check_unsealed(proof, after=last_id, sealed_id=mark.sealed_id)
        if head is not None and head.forgotten_seq:
            _check_forgotten(proof, head)
    return proof


def _blocks(upto: int) -> Iterator[AuditBlock]:
    after = 0
    while rows := list(AuditBlock.objects.filter(seq__gt=after, seq__lte=upto).order_by("seq")[:BLOCKS]):
        yield from rows
        after = rows[-1].seq


def _check_link(proof: Proof, block: AuditBlock, seq: int, hash_: bytes) -> tuple[int, bytes]:
    """The block follows the one before and holds what it says; returns its place and hash for the next."""
    proof.blocks += 1
    if block.seq != seq + 1:
        proof.found("block missing", f"block {seq + 1}")
    elif bytes(block.previous_hash) != hash_:
        proof.found("block changed", f"block {seq}")
    own = rules.block_hash(
        bytes(block.previous_hash), block.workspace_id, block.seq, block.event_ids, bytes(block.macs)
    )
    if own != bytes(block.hash):
        proof.found("block changed", f"block {block.seq}")
    return block.seq, bytes(block.hash)


def _check_rows(proof: Proof, block: AuditBlock, *, after: int, is_forgotten: bool) -> None:
    """Every sealed row is there, unchanged and in its place, and nothing stands between them."""
    sealed = dict(zip(block.event_ids, rules.macs_of(bytes(block.macs)), strict=True))
    if not sealed:
        return
    found = {row.pk: row for row in AuditEvent.objects.filter(pk__gt=after, pk__lte=max(sealed))}
    if is_forgotten:
        proof.forgotten += len(sealed) - len(found)
    elsewhere = {mac: pk for pk, mac in sealed.items()}
    for pk, mac in sealed.items():
        row = found.pop(pk, None)
        if row is None:
            if not is_forgotten:
                proof.found("row deleted", f"row {pk}")
            continue
        proof.rows += 1
        own = audit.mac_of(row)
        if own == mac and bytes(row.mac) == mac and _is_origin_whole(row):
            continue
        proof.found("row moved" if own != mac and own in elsewhere else "row changed", row.public_id)
    for row in found.values():
        proof.found("row inserted", row.public_id)


def _is_origin_whole(row: AuditEvent) -> bool:
    """Address and browser are as signed, or have been cleared."""
    if row.ip is None and not row.user_agent:
        return True
    return row.origin_digest is not None and bytes(row.origin_digest) == audit.origin_digest_of(row)


def _check_head(proof: Proof, head: AuditHead | None, seq: int, hash_: bytes) -> None:
    if head is None:
        return
    if bytes(head.mac) != signed_head(head):
        proof.found("head changed", "head")
    elif head.seq > seq:
        proof.found("block missing", f"block {seq + 1}")
    elif bytes(head.hash) != hash_:
        proof.found("block changed", f"block {seq}")


def _check_end(proof: Proof) -> None:
    """No block stands behind the head. The last block is read first: a sealer may add one meanwhile."""
    last = AuditBlock.objects.order_by("-seq").values_list("seq", flat=True).first() or 0
    head_seq = AuditHead.objects.values_list("seq", flat=True).first()
    if head_seq is None and last:
        proof.found("head missing", "head")
    elif head_seq is not None and last > head_seq:
        proof.found("block inserted", f"block {head_seq + 1}")


def _check_unsealed(proof: Proof, *, after: int, sealed_id: int) -> None:
    """Rows behind the last block: signed by us, and not older than what is sealed everywhere."""
    last = after
    while rows := list(AuditEvent.objects.filter(pk__gt=last).order_by("pk")[:TAIL]):
        for row in rows:
            is_whole = bytes(row.mac) == audit.mac_of(row) and _is_origin_whole(row)
            if row.pk <= sealed_id:
                proof.found("row inserted", row.public_id)
            elif not is_whole:
                proof.found("row changed", row.public_id)
            else:
                proof.unsealed += 1
        last = rows[-1].pk


def _check_forgotten(proof: Proof, head: AuditHead) -> None:
    """Rows that are gone by retention are spoken for by a row of the log itself."""
    said = AuditEvent.objects.filter(action="audit.forgotten").order_by("-pk").first()
    upto = said.changes.get("upTo", 0) if said is not None else 0
    if upto < head.forgotten_seq:
        proof.found("rows gone without a word", f"blocks up to {head.forgotten_seq}")
