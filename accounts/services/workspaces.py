"""A workspace as a whole: its lock, and its own particulars."""

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Workspace
from accounts.services import audit
from huntaze.kernel.tenancy import current_workspace_id


def lock_workspace(workspace_id: int) -> Workspace:
    """The workspace's row, held until the transaction ends: who counts owners counts them under it.

    It conflicts with itself and with deleting the row, not with rows that refer to it.
    """
    return Workspace.objects.select_for_update(no_key=True).get(pk=workspace_id)


def change_workspace(*, fields: dict[str, Any], actor: audit.Actor, now: datetime) -> Workspace:
    """Change name, time zone, currency, language or billing mail of the workspace in scope; the rest is refused."""
    workspace_id = current_workspace_id()
    assert workspace_id is not None
    assert fields.keys() <= {"name", "kind", "timezone", "currency", "locale", "billing_email"}
    with transaction.atomic():
        workspace = lock_workspace(workspace_id)
        changes = {
            name: {"from": getattr(workspace, name), "to": value}
            for name, value in fields.items()
            if getattr(workspace, name) != value
        }
        if not changes:
            return workspace
        for name in changes:
            setattr(workspace, name, fields[name])
        workspace.save(update_fields=list(changes))
        audit.record(
            workspace_id=workspace_id,
            actor=actor,
            action="workspace.changed",
            now=now,
            target=workspace.public_id,
            changes=changes,
        )
    return workspace
