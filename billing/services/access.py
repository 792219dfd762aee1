"""Holding and letting go: while a workspace may only be read, nothing that is queued leaves it."""

from collections.abc import Iterable
from datetime import datetime

import structlog
from django.db import transaction

from accounts.services import audit
from accounts.services.workspaces import lock_workspace
from billing.models import WorkspaceHold
from billing.selectors.standing import standing
from billing.selectors.subscriptions import overdue
from billing.types import Access
from huntaze.kernel.tenancy import cross_workspace, workspace_scope

log = structlog.get_logger(__name__)


def tend(*, now: datetime) -> int:
    """Bring every hold in line with what was paid; returns how many changed. A grace ends with no other sign."""
    with cross_workspace("access"):
        concerned = {*WorkspaceHold.objects.values_list("workspace_id", flat=True), *overdue()}
    return sum(_follow(pk, now) for pk in sorted(concerned))


def follow(*, workspace_ids: Iterable[int], now: datetime) -> None:
    """The same for workspaces whose subscription has just changed, in the caller's transaction."""
    for pk in workspace_ids:
        _apply(pk, now)


def _follow(workspace_id: int, now: datetime) -> bool:
    with workspace_scope(workspace_id), transaction.atomic():
        return _apply(workspace_id, now)


def _apply(workspace_id: int, now: datetime) -> bool:
    lock_workspace(workspace_id)
    is_held = WorkspaceHold.objects.filter(workspace_id=workspace_id).exists()
    is_due = standing(workspace_id, now).access is Access.READ_ONLY
    if is_held == is_due:
        return False
    if is_due:
        WorkspaceHold.objects.create(workspace_id=workspace_id, since=now)
    else:
        WorkspaceHold.objects.filter(workspace_id=workspace_id).delete()
    action = "workspace.held" if is_due else "workspace.let_go"
    audit.record(
        workspace_id=workspace_id, actor=audit.Actor.system(), action=action, now=now, reason="billing"
    )
    log.info("billing.access.changed", is_held=is_due)
    return True
