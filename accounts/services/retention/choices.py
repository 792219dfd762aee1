"""What a workspace chose to keep for a shorter time than the installation does."""

from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import RetentionChoice
from accounts.rules import retention as rules
from accounts.services import audit
from accounts.services.retention.registry import period
from accounts.services.workspaces import lock_workspace
from huntaze.kernel.errors import FieldError, Invalid
from huntaze.kernel.tenancy import workspace_scope


def chosen(*, workspace_pk: int, name: str) -> timedelta:
    """How long the workspace keeps a class of things: its choice, never more than the installation allows."""
    with workspace_scope(workspace_pk):
        days = RetentionChoice.objects.filter(name=name).values_list("days", flat=True).first()
    return min(timedelta(days=days), period(name)) if days else period(name)


def choose(*, workspace_pk: int, name: str, days: int, actor: audit.Actor, now: datetime) -> bool:
    """Set the period of the workspace in scope; False when it is that already. Raises Invalid outside the bounds."""
    if not rules.is_choosable(name, days, period(name).days):
        raise Invalid(FieldError("days", f"Use {rules.CHOOSABLE.get(name, 1)} to {period(name).days} days."))
    with transaction.atomic():
        lock_workspace(workspace_pk)
        row, made = RetentionChoice.objects.get_or_create(name=name, defaults={"days": days})
        before = period(name).days if made else row.days
        if before == days:
            return False
        row.days = days
        row.save(update_fields=["days"])
        audit.record(
            workspace_id=workspace_pk,
            actor=actor,
            action="retention.chosen",
            now=now,
            changes={name: {"from": before, "to": days}},
        )
    return True
