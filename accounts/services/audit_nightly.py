"""Proving every audit log once a day, and what health and staff are told of it."""

import time
from datetime import datetime, timedelta

import structlog
from django.db.models import Exists, OuterRef

from accounts.models import AuditProof, Workspace
from accounts.services.audit_check import Proof, verify
from huntaze.kernel import clock
from huntaze.kernel.health import Outcome, Status
from huntaze.kernel.jobs import enqueue
from huntaze.kernel.tenancy import cross_workspace, workspace_scope

log = structlog.get_logger(__name__)

#: Each log is proved again after this; one that was not proved for LATE says that nobody proves.
EVERY, LATE = timedelta(hours=24), timedelta(hours=48)
#: Seconds after which a run begins no further log, logs looked up at a time, and findings that are kept of one.
BUDGET, BATCH, MOST_KEPT = 240.0, 200, 20


def verify_due(*, now: datetime, budget: float = BUDGET) -> int:
    """Prove the logs whose turn it is, never proved ones first; returns how many. The next run does the rest."""
    ends, count = time.monotonic() + budget, 0
    while due := _due(now):
        for workspace in due:
            if time.monotonic() >= ends:
                return count
            verify_one(workspace=workspace, now=now)
            count += 1
    return count


def verify_one(*, workspace: Workspace, now: datetime) -> AuditProof:
    """Prove one log and keep what came of it."""
    proof = verify(workspace)
    with workspace_scope(workspace.pk):
        row, _ = AuditProof.objects.update_or_create(
            workspace_id=workspace.pk,
            defaults={
                "checked_at": now,
                "row_count": proof.rows,
                "block_count": proof.blocks,
                "finding_count": len(proof.findings),
                "findings": _kept(proof),
            },
        )
    if proof.findings:
        log.error(
            "accounts.audit.broken",
            workspace_id=workspace.public_id,
            count=len(proof.findings),
            findings=_kept(proof),
        )
    return row


def make_due(*, pks: list[int], now: datetime) -> int:
    """These logs are proved with the next run; returns how many."""
    with cross_workspace("audit chain"):
        count: int = AuditProof.objects.filter(pk__in=pks).update(checked_at=now - EVERY)
    enqueue("accounts.verify_audit")
    return count


def _kept(proof: Proof) -> list[str]:
    return [f"{finding.kind}: {finding.place}" for finding in proof.findings[:MOST_KEPT]]


def _due(now: datetime) -> list[Workspace]:
    with cross_workspace("audit chain"):
        proofs = AuditProof.objects.filter(workspace=OuterRef("pk"))
        never = list(Workspace.objects.filter(~Exists(proofs)).order_by("pk")[:BATCH])
        if never:
            return never
        old = AuditProof.objects.filter(checked_at__lte=now - EVERY).order_by("checked_at")
        return [row.workspace for row in old.select_related("workspace")[:BATCH]]


def check() -> Outcome:
    """For health: degraded while a log does not add up, or while nobody proves them."""
    with cross_workspace("audit chain"):
        broken = AuditProof.objects.filter(finding_count__gt=0).count()
        oldest = AuditProof.objects.order_by("checked_at").values_list("checked_at", flat=True).first()
    age = clock.now() - oldest if oldest else timedelta()
    details = {"broken": broken, "oldestProofHours": round(age / timedelta(hours=1), 1) if oldest else None}
    return Outcome(Status.DEGRADED if broken or age > LATE else Status.HEALTHY, details)
