"""What a workspace has brought in and what it has cost, month by month, from rows alone.

Revenue: paid invoices, less what was refunded of their charges, from the mirror of the processor's objects. Cost: what
the ledger says was spent on AI. Nothing else that we pay for is kept as rows, so nothing else is counted.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db.models import Sum
from django.db.models.functions import TruncMonth

from billing.models import LedgerEntry, SubscriptionRecord
from billing.types import AI_USD_PER_DOLLAR, AccountKind, Unit
from huntaze.kernel.money import Money

MOST_MONTHS, MOST_OBJECTS = 24, 2_000
#: In which AI is paid for.
COSTS_IN = "USD"


@dataclass(slots=True)
class Month:
    """One calendar month (UTC). Minor units by currency; `ai` is null where no use was recorded."""

    start: datetime
    revenue: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    refunded: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    ai: Decimal | None = None

    @property
    def taken(self) -> list[Money]:
        return [Money(minor, currency) for currency, minor in sorted(self.revenue.items())]

    @property
    def given_back(self) -> list[Money]:
        return [Money(minor, currency) for currency, minor in sorted(self.refunded.items())]

    @property
    def margin(self) -> Decimal | None:
        """In dollars; null where money came in another currency, which is not ours to convert."""
        if (set(self.revenue) | set(self.refunded)) - {COSTS_IN}:
            return None
        minor = self.revenue.get(COSTS_IN, 0) - self.refunded.get(COSTS_IN, 0)
        return Money(minor, COSTS_IN).amount - (self.ai or 0)


def margin_of(record: SubscriptionRecord) -> list[Month]:
    """The newest months in which anything happened."""
    months: dict[datetime, Month] = {}

    def month(at: datetime) -> Month:
        start = at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return months.setdefault(start, Month(start))

    for invoice in _mirrored("Invoice", record):
        if invoice.get("status") == "paid":
            paid = invoice.get("status_transitions", {}).get("paid_at") or invoice["created"]
            month(_moment(paid)).revenue[invoice["currency"].upper()] += int(invoice["amount_paid"])
    for charge in _mirrored("Charge", record):
        if charge.get("amount_refunded"):
            found = month(_moment(charge["created"])).refunded
            found[charge["currency"].upper()] += int(charge["amount_refunded"])
    for start, units in _ai_by_month(record.workspace_id):
        month(start).ai = Decimal(units) / AI_USD_PER_DOLLAR
    return sorted(months.values(), key=lambda one: one.start, reverse=True)[:MOST_MONTHS]


def _mirrored(name: str, record: SubscriptionRecord) -> list[dict[str, Any]]:
    """The customer's newest objects; none while nothing was bought, or after the copies were emptied."""
    if not record.stripe_customer_id:
        return []
    rows = apps.get_model("djstripe", name).objects.filter(customer_id=record.stripe_customer_id)
    rows = rows.exclude(stripe_data={}).order_by("-created")
    return list(rows.values_list("stripe_data", flat=True)[:MOST_OBJECTS])


def _ai_by_month(workspace_id: int) -> list[tuple[datetime, int]]:
    spent = LedgerEntry.objects.filter(
        transaction__workspace_id=workspace_id,
        transaction__unit=Unit.AI_USD,
        account__kind=AccountKind.CONSUMED,
    )
    by_month = spent.annotate(month=TruncMonth("transaction__at", tzinfo=UTC)).values("month").order_by()
    return [(row["month"], row["units"]) for row in by_month.annotate(units=Sum("amount"))]


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
