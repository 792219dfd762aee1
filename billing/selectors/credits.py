"""What a workspace's credits look like: balance and grants; their history is `selectors.ledger`."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q, QuerySet, Sum

from billing.models import Grant, LedgerAccount
from billing.rules.allowance import owed, to_come
from billing.types import AccountKind, Balance, Purse, Standing, Unit
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


def still_to_come(
    workspace_id: int, purses: Sequence[Purse], standing: Standing, unit: Unit, needed: int
) -> int:
    """What can be spent of what the plan has still to give in this period: a debt is paid first."""
    coming = owed(purses, standing, unit, needed)
    if not coming:
        return 0
    rows = LedgerAccount.objects.filter(workspace_id=workspace_id, unit=unit, kind=AccountKind.DEBT)
    return to_come(coming, -(rows.values_list("balance", flat=True).first() or 0))
