"""What billing holds about a workspace: shown in its export; of an erasure its books stay, which name nobody."""

from collections.abc import Callable
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.db.models import QuerySet

from accounts.services.privacy.registry import Dataset, Party, Step, Subject, blank, delete, keep
from accounts.types import PrivacyScope
from billing.models import (
    CheckoutIntent,
    Grant,
    LedgerEntry,
    LedgerTransaction,
    LimitOverride,
    StockCount,
    SubscriptionHistory,
    SubscriptionRecord,
    UsageCount,
    WorkspaceHold,
)
from billing.services.stripe.mirror import mirrored

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


_SUBSCRIPTION: dict[str, Callable[[Any], Any]] = {
    "plan": lambda row: row.plan.key if row.plan else "free",
    "status": attrgetter("status"),
    "interval": attrgetter("interval"),
    "currency": attrgetter("currency"),
    "amountMinor": attrgetter("amount_minor"),
    "currentPeriodStart": attrgetter("current_period_start"),
    "currentPeriodEnd": attrgetter("current_period_end"),
    "cancelAtPeriodEnd": attrgetter("cancel_at_period_end"),
    "cardBrand": attrgetter("card_brand"),
    "cardLast4": attrgetter("card_last4"),
}
_CHANGE: dict[str, Callable[[Any], Any]] = {"at": attrgetter("at"), "changes": attrgetter("changes")}
_PURCHASE: dict[str, Callable[[Any], Any]] = {
    "id": attrgetter("public_id"),
    "choice": attrgetter("choice"),
    "credits": attrgetter("credits"),
    "currency": attrgetter("currency"),
    "amountMinor": attrgetter("amount_minor"),
    "state": attrgetter("state"),
    "createdAt": attrgetter("created_at"),
    "paidAt": attrgetter("paid_at"),
}


def _subscriptions(subject: Subject) -> QuerySet[SubscriptionRecord]:
    return SubscriptionRecord.objects.select_related("plan")


def _cards(subject: Subject) -> QuerySet[SubscriptionRecord]:
    return SubscriptionRecord.objects.exclude(card_last4="")


def _without_cards(rows: list[Any], subject: Subject, now: datetime) -> None:
    """The card on file is a person's; what was billed stays in the books."""
    SubscriptionRecord.objects.filter(pk__in=[row.pk for row in rows]).update(
        card_brand="", card_last4="", card_exp_month=None, card_exp_year=None
    )


def _buyers(subject: Subject) -> QuerySet[CheckoutIntent]:
    return CheckoutIntent.objects.exclude(created_by=None)


def _without_buyers(rows: list[Any], subject: Subject, now: datetime) -> None:
    CheckoutIntent.objects.filter(pk__in=[row.pk for row in rows]).update(created_by=None)


def _copies(subject: Subject) -> QuerySet[Any]:
    """The mirror's row of the workspace's customer, as long as it holds anything."""
    customers = SubscriptionRecord.objects.exclude(stripe_customer_id=None).values("stripe_customer_id")
    found: QuerySet[Any] = mirrored("Customer").objects.filter(id__in=customers).exclude(stripe_data={})
    return found


def _without_contents(rows: list[Any], subject: Subject, now: datetime) -> None:
    """The payment processor's objects name the payer; what is left of our copies is their ids."""
    customers = [row.id for row in rows]
    for name in ("Subscription", "Invoice", "Charge", "Session", "PaymentMethod"):
        mirrored(name).objects.filter(customer_id__in=customers).update(stripe_data={}, metadata={})
    mirrored("Customer").objects.filter(id__in=customers).update(stripe_data={}, metadata={}, email="")


def _entries(subject: Subject) -> QuerySet[LedgerEntry]:
    return LedgerEntry.objects.select_related("transaction", "account")


def _datasets(scope: PrivacyScope) -> list[Dataset]:
    if scope is not PrivacyScope.WORKSPACE:
        return []
    return [
        Dataset("credits", _all(Grant), _GRANT),
        Dataset("credit_transactions", _all(LedgerTransaction), _TRANSACTION),
        Dataset("credit_entries", _entries, _ENTRY),
        Dataset("subscriptions", _subscriptions, _SUBSCRIPTION),
        Dataset("subscription_changes", _all(SubscriptionHistory), _CHANGE),
        Dataset("purchases", _all(CheckoutIntent), _PURCHASE),
    ]


def _steps(scope: PrivacyScope) -> list[Step]:
    if scope is not PrivacyScope.WORKSPACE:
        return []
    return [
        delete("limits", _all(LimitOverride)),
        delete("stocks", _all(StockCount)),
        delete("counters", _all(UsageCount)),
        delete("payment_holds", _all(WorkspaceHold)),
        blank("cards", _cards, _without_cards),
        delete("subscription_changes", _all(SubscriptionHistory)),
        blank("buyers", _buyers, _without_buyers),
        blank("payment_copies", _copies, _without_contents),
        keep("subscriptions", _all(SubscriptionRecord), reason="books", until="books"),
        keep("purchases", _all(CheckoutIntent), reason="books", until="books"),
        keep("credits", _all(LedgerTransaction), reason="books", until="books"),
    ]


PARTY = Party("billing", 6, _datasets, _steps)
