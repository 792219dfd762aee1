"""Taking a demo away: every row that hangs on its workspace, whichever app's it is, in one transaction.

Two books let nobody delete from them, the audit log and the ledger of credits: the database itself refuses. They stay
empty as long as nobody does anything in the demo that is written there; if somebody did, their rows stay, with the
nameless workspace and the memberships that they name.
"""

from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import AuditEvent, Membership, User, Workspace
from accounts.services.demo import invented_people
from accounts.types import WorkspaceStatus
from billing.models import LedgerTransaction
from huntaze.kernel import crypto
from huntaze.kernel.outbox import State
from huntaze.kernel.tenancy import workspace_scope
from messaging.models import Demo

LEASE = timedelta(minutes=2)
#: What the database lets nobody delete, and what those rows refer to.
AUDIT = frozenset({"accounts.AuditEvent", "accounts.AuditBlock", "accounts.AuditHead", "accounts.AuditProof"})
BOOKS = frozenset(
    {
        "billing.LedgerTransaction",
        "billing.LedgerEntry",
        "billing.LedgerAccount",
        "billing.Grant",
        "billing.Reservation",
        "billing.ReservationPart",
    }
)


def tables() -> list[tuple[Any, str]]:
    """Every table whose rows hang on a workspace, with the path to its key; those that hang on such a row come first.

    Foreign keys are checked when the transaction ends, so that the order among them does not matter.
    """
    own = {
        model: field.attname
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey)
        and field.related_model is Workspace
        and field.name == "workspace"
        and model is not Demo
    }
    hanging = [
        (model, f"{field.name}__{own[field.related_model]}")
        for model in apps.get_models()
        if model not in own and model not in {Workspace, User, Demo}
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey) and field.related_model in own
    ]
    return [*hanging, *own.items()]


def empty(demo: Demo) -> int:
    """Take away what the demo holds, but for its owner's place in it; returns how many rows went."""
    with workspace_scope(demo.workspace_id), transaction.atomic():
        gone = sum(_delete(rows) for rows in _rows(demo.workspace_id, is_all=False))
        return gone + _delete_people(demo.workspace)


def wipe(demo: Demo) -> int:
    """Take everything away but the workspace's own row and the demo's, which `finish` takes; returns how many rows."""
    with workspace_scope(demo.workspace_id), transaction.atomic():
        gone = sum(_delete(rows) for rows in _rows(demo.workspace_id, is_all=True))
        gone += _delete_people(demo.workspace)
    crypto.forget_data_keys()
    return gone


def finish(now: datetime) -> int:
    """Take away the demos that are empty, with their workspaces; returns how many."""
    done = Demo.objects.filter(is_wiping=True, state=State.DONE).order_by("pk")
    rows = list(done.values_list("pk", "workspace_id")[:100])
    for pk, workspace_pk in rows:
        with transaction.atomic():
            Demo.objects.filter(pk=pk).delete()
            if _has_books(workspace_pk):
                Workspace.objects.filter(pk=workspace_pk).update(name="erased", status=WorkspaceStatus.ERASED)
                Membership.objects.filter(workspace_id=workspace_pk, ended_at=None).update(ended_at=now)
            else:
                _delete(Workspace.objects.filter(pk=workspace_pk))
    return len(rows)


def _has_books(workspace_pk: int) -> bool:
    kept = (AuditEvent, LedgerTransaction)
    return any(model.objects.filter(workspace_id=workspace_pk).exists() for model in kept)


def _rows(workspace_pk: int, *, is_all: bool) -> list[QuerySet[Any]]:
    """What goes, as one query a table: all, or all but the owner's place and the data key, which is in use."""
    log = AuditEvent.objects.filter(workspace_id=workspace_pk)
    books = LedgerTransaction.objects.filter(workspace_id=workspace_pk)
    kept = (AUDIT if log.exists() else frozenset()) | (BOOKS if books.exists() else frozenset())
    found = []
    for model, path in tables():
        label = model._meta.label
        if label in kept or (label == "accounts.WorkspaceKey" and not is_all):
            continue
        rows = model._default_manager.filter(**{path: workspace_pk})
        if label == "accounts.Membership":
            rows = rows.exclude(Exists(log.filter(actor_member=OuterRef("pk"))))
            rows = rows if is_all else rows.exclude(role="owner")
        if label == "accounts.ApiKey":
            rows = rows.exclude(Exists(log.filter(actor_key=OuterRef("pk"))))
        found.append(rows)
    return found


def _delete(rows: QuerySet[Any]) -> int:
    """At once and without looking at what hangs on the rows: that goes in the same transaction."""
    return int(rows._raw_delete(rows.db) or 0)


def _delete_people(workspace: Workspace) -> int:
    people = invented_people(workspace)
    kept = Membership.objects.filter(user__in=people)
    count, _ = people.exclude(pk__in=kept.values("user")).delete()
    return count
