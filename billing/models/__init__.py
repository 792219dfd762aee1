"""Tables of billing."""

from billing.models.ledger import (
    Grant,
    LedgerAccount,
    LedgerEntry,
    LedgerTransaction,
    Reservation,
    ReservationPart,
)
from billing.models.plans import LimitOverride, Plan, PlanLimit, PlanLimitChange, PlanPrice
from billing.models.stripe import CheckoutIntent, MessagePack, ReconciliationFinding, StripeEvent
from billing.models.subscriptions import SubscriptionHistory, SubscriptionRecord
from billing.models.usage import StockCount, UsageCount, WorkspaceHold

__all__ = [
    "CheckoutIntent",
    "Grant",
    "LedgerAccount",
    "LedgerEntry",
    "LedgerTransaction",
    "LimitOverride",
    "MessagePack",
    "Plan",
    "PlanLimit",
    "PlanLimitChange",
    "PlanPrice",
    "ReconciliationFinding",
    "Reservation",
    "ReservationPart",
    "StockCount",
    "StripeEvent",
    "SubscriptionHistory",
    "SubscriptionRecord",
    "UsageCount",
    "WorkspaceHold",
]
