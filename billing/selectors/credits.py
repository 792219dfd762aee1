"""What a workspace's credits look like: balance, grants, history."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet, Sum

from billing.models import Grant, LedgerAccount, LedgerTransaction
from billing.types import AccountKind, Balance, Purse, Unit
from huntaze.kernel.tenancy import refuse_foreign


def living(workspace_id: int, unit: Unit, now: datetime) -> QuerySet[Grant]:
    """Grants that have not ended, in the order in which they are spent."""
    refuse_foreign(workspace_id)
    rows = Grant.objects.filter(
        Q(expires_at=None) | Q(expires_at__gt=now), workspace_id=workspace_id, unit=unit
    )
    return rows.order_by("priority", "expires_at", "pk")


def balance(workspace_id: int, unit: Unit, now: datetime) -> Balance:
    """Credits as the books say; what the plan has still to give is not among them, see `entitlements`."""
    frozen = Q(frozen_at__isnull=False)
    held = living(workspace_id, unit, now).aggregate(
        available=Sum("remaining", filter=~frozen, default=0),
        frozen=Sum("remaining", filter=frozen, default=0),
    )
    accounts = dict(
        LedgerAccount.objects.filter(workspace_id=workspace_id, unit=unit).values_list("kind", "balance")
    )
    return Balance(
        available=held["available"],
        reserved=accounts.get(AccountKind.RESERVED, 0),
        frozen=held["frozen"],
        debt=-accounts.get(AccountKind.DEBT, 0),
    )


def purses(workspace_id: int, unit: Unit, now: datetime) -> list[Purse]:
    """What may be spent, and the plan's grants also when they are spent; without a lock."""
    rows = living(workspace_id, unit, now).filter(Q(remaining__gt=0) | Q(source="plan"), frozen_at=None)
    fields = ("pk", "source", "amount", "remaining", "reserved", "period_start", "expires_at")
    return [Purse(*row) for row in rows.values_list(*fields)]


@dataclass(frozen=True, slots=True)
class Deed:
    """One transaction as people see it: `changes` are the balances that it moved."""

    id: str
    kind: str
    ref_type: str
    ref_id: str
    note: str
    at: datetime
    changes: dict[str, int]


def history(workspace_id: int, unit: Unit, *, limit: int, before: int | None = None) -> list[Deed]:
    """The newest transactions first; `before` is the key of the last one seen."""
    refuse_foreign(workspace_id)
    rows = LedgerTransaction.objects.filter(workspace_id=workspace_id, unit=unit).order_by("-pk")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return [_deed(row) for row in rows.prefetch_related("entries__account")[:limit]]


def _deed(row: LedgerTransaction) -> Deed:
    changes: dict[str, int] = {}
    for entry in row.entries.all():
        changes[entry.account.kind] = changes.get(entry.account.kind, 0) + entry.amount
    return Deed(row.public_id, row.kind, row.ref_type, row.ref_id, row.note, row.at, changes)
