"""Tables of billing."""

from billing.models.ledger import (
    Grant,
    LedgerAccount,
    LedgerEntry,
    LedgerTransaction,
    Reservation,
    ReservationPart,
)
from billing.models.plans import LimitOverride, Plan, PlanLimit, PlanPrice
from billing.models.usage import StockCount, UsageCount, WorkspaceHold

__all__ = [
    "Grant",
    "LedgerAccount",
    "LedgerEntry",
    "LedgerTransaction",
    "LimitOverride",
    "Plan",
    "PlanLimit",
    "PlanPrice",
    "Reservation",
    "ReservationPart",
    "StockCount",
    "UsageCount",
    "WorkspaceHold",
]
