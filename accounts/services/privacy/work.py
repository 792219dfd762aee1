"""Doing what was asked: a claimed request is worked on in small steps, each in a transaction of its own.

A worker that dies loses its lease and the next one goes on where the last step ended; so does a request that is too
big for one run.
"""

import hashlib
import json
import time
from datetime import datetime, timedelta

import structlog
from django.db import transaction

from accounts.models import PrivacyRequest
from accounts.rules.webhooks import EventKind
from accounts.services import audit
from accounts.services.mail import mail_to
from accounts.services.privacy import export, holds, registry
from accounts.services.privacy.registry import Subject
from accounts.services.privacy.requests import plan_of, show
from accounts.services.webhooks.events import announce_one
from accounts.types import PrivacyScope
from huntaze.kernel import clock, context, outbox
from huntaze.kernel.outbox import Ending, LeaseLost, State
from huntaze.kernel.tenancy import cross_workspace, workspace_scope

log = structlog.get_logger(__name__)

LEASE, BATCH = timedelta(minutes=5), 500
#: A run ends by itself before its task's time is up.
RUN_SECONDS = 400.0
#: Requests, or parts of a big one, worked on in one run.
MOST_RUNS = 20


class Held(Exception):
    """A legal hold stands, or was placed while the erasure was under way: not a row more goes."""


def run_due() -> int:
    """Work on every request that is due; returns how many."""
    with cross_workspace("privacy"):
        return outbox.drain(PrivacyRequest, _act, clock=clock.now, lease=LEASE, batch=1, most=MOST_RUNS)


def _act(request: PrivacyRequest) -> Ending | None:
    subject = Subject(PrivacyScope(request.scope), request.workspace_id, request.target_pk, request.target_id)
    until = time.monotonic() + RUN_SECONDS
    with context.bind(trace_id=request.trace_id or None):
        if request.kind == "export":
            is_over = _export(request, subject, until)
        else:
            try:
                is_over = _erase(request, subject, until)
            except Held:
                _later(request)
                return Ending(State.QUEUED, "legal hold")
        if not is_over:
            return Ending(State.QUEUED, "")
        _finish(request)
    return None


def _later(request: PrivacyRequest) -> None:
    """A hold is asked again tomorrow; it does not count as a try."""
    PrivacyRequest.objects.filter(pk=request.pk).update(
        available_at=clock.now() + timedelta(days=1), attempts=0
    )


def _export(request: PrivacyRequest, subject: Subject, until: float) -> bool:
    """Write chunk after chunk; False when the time of this run is up."""
    if not request.total_count:
        request.total_count = export.count(subject)
    while (chunk := export.next_chunk(request, subject, BATCH)) is not None:
        with workspace_scope(request.workspace_id), transaction.atomic():
            chunk.body.save()
            request.done_count += chunk.rows
            request.position = chunk.position
            _beat(request)
        if time.monotonic() > until:
            return False
    return True


def _erase(request: PrivacyRequest, subject: Subject, until: float) -> bool:
    """Step after step; what was done is counted with it. False when the time of this run is up; raises Held."""
    if holds.stops(subject):
        raise Held
    counts: dict[str, int] = dict(request.position.get("counts", {}))
    steps = registry.steps_of(subject.scope)
    start = int(request.position.get("step", 0))
    if not request.total_count:
        request.total_count = sum(line.count for line in plan_of(subject) if not line.is_kept)
    for index, step in enumerate(steps[start:], start):
        if step.some is None:
            with registry.wall(step, subject):
                counts[step.name] = step.rows(subject).count()
        while step.some is not None:
            with registry.wall(step, subject), transaction.atomic():
                if not holds.lock_unless_held(subject):
                    raise Held
                count = step.some(subject, clock.now(), BATCH)
                counts[step.name] = counts.get(step.name, 0) + count
                request.done_count += count
                request.position = {"step": index, "counts": counts}
                _beat(request)
            if not count:
                break
            if time.monotonic() > until:
                return False
    request.receipt = _receipt(request, steps, counts)
    return True


def _receipt(
    request: PrivacyRequest, steps: list[registry.Step], counts: dict[str, int]
) -> dict[str, object]:
    """What went and what stays, with a hash over it: the proof for whoever asked."""
    lines = [
        {
            "what": step.name,
            "count": counts.get(step.name, 0),
            "kept": step.some is None,
            "reason": step.reason,
            "until": step.until,
        }
        for step in steps
    ]
    said = json.dumps([request.public_id, request.scope, request.target_id, lines], sort_keys=True)
    return {"lines": lines, "hash": hashlib.sha256(said.encode()).hexdigest()}


def _beat(request: PrivacyRequest) -> None:
    """Note where the work stands and keep the lease; raises LeaseLost when the request was cancelled or taken over."""
    mine = PrivacyRequest.objects.filter(pk=request.pk, lease_token=request.lease_token, state=State.WORKING)
    changed = mine.update(
        leased_until=clock.now() + LEASE,
        done_count=request.done_count,
        total_count=request.total_count,
        position=request.position,
    )
    if not changed:
        raise LeaseLost(f"PrivacyRequest {request.pk}")
    show(request)


def _finish(request: PrivacyRequest) -> None:
    now = clock.now()
    with transaction.atomic():
        _beat(request)
        PrivacyRequest.objects.filter(pk=request.pk).update(ended_at=now, receipt=request.receipt)
        audit.record(
            workspace_id=request.workspace_id,
            actor=audit.Actor.system(),
            action="export.ready" if request.kind == "export" else "erasure.done",
            now=now,
            target=request.public_id,
            changes={"scope": request.scope, "of": request.target_id, "rows": request.done_count},
        )
        _tell(request, now)
    log.info("accounts.privacy.done", kind=request.kind, scope=request.scope, rows=request.done_count)


def _tell(request: PrivacyRequest, now: datetime) -> None:
    user = request.asked_by.user
    if request.kind == "export" and user.is_active:
        mail_to(user, "export_ready", now=now)
    if request.kind == "export":
        announce_one(
            workspace_pk=request.workspace_id,
            kind=EventKind.EXPORT_READY,
            data={"exportId": request.public_id, "scope": request.scope},
            now=now,
        )
