"""What billing holds about a workspace: shown in its export; of an erasure its books stay, which name nobody."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from django.db.models import QuerySet

from accounts.services.privacy.registry import Dataset, Party, Step, Subject, delete, keep
from accounts.types import PrivacyScope
from billing.models import (
    Grant,
    LedgerEntry,
    LedgerTransaction,
    LimitOverride,
    StockCount,
    UsageCount,
    WorkspaceHold,
)

Rows = Callable[[Subject], QuerySet[Any]]


def _all(model: Any) -> Rows:
    """Every row of the workspace whose scope is open."""
    return lambda subject: model.objects.all()


_GRANT: dict[str, Callable[[Any], Any]] = {
    "id": attrgetter("public_id"),
    "unit": attrgetter("unit"),
    "source": attrgetter("source"),
    "amount": attrgetter("amount"),
    "remaining": attrgetter("remaining"),
    "reserved": attrgetter("reserved"),
    "grantedAt": attrgetter("granted_at"),
    "expiresAt": attrgetter("expires_at"),
}
_TRANSACTION: dict[str, Callable[[Any], Any]] = {
    "id": attrgetter("public_id"),
    "unit": attrgetter("unit"),
    "kind": attrgetter("kind"),
    "refType": attrgetter("ref_type"),
    "refId": attrgetter("ref_id"),
    "at": attrgetter("at"),
}
_ENTRY: dict[str, Callable[[Any], Any]] = {
    "transactionId": lambda row: row.transaction.public_id,
    "account": lambda row: row.account.kind,
    "unit": lambda row: row.account.unit,
    "amount": attrgetter("amount"),
}


def _entries(subject: Subject) -> QuerySet[LedgerEntry]:
    return LedgerEntry.objects.select_related("transaction", "account")


def _datasets(scope: PrivacyScope) -> list[Dataset]:
    if scope is not PrivacyScope.WORKSPACE:
        return []
    return [
        Dataset("credits", _all(Grant), _GRANT),
        Dataset("credit_transactions", _all(LedgerTransaction), _TRANSACTION),
        Dataset("credit_entries", _entries, _ENTRY),
    ]


def _steps(scope: PrivacyScope) -> list[Step]:
    if scope is not PrivacyScope.WORKSPACE:
        return []
    return [
        delete("limits", _all(LimitOverride)),
        delete("stocks", _all(StockCount)),
        delete("counters", _all(UsageCount)),
        delete("payment_holds", _all(WorkspaceHold)),
        keep("credits", _all(LedgerTransaction), reason="books", until="books"),
    ]


PARTY = Party("billing", 6, _datasets, _steps)
