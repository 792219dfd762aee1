"""Everything that happened to a workspace's money, in one list, newest first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import chain

from accounts.models import AuditEvent
from billing.models import (
    CheckoutIntent,
    LedgerEntry,
    LedgerTransaction,
    StripeEvent,
    SubscriptionHistory,
    SubscriptionRecord,
)
from billing.types import AI_USD_PER_DOLLAR, AccountKind, Unit

MOST = 200
KINDS = ("stripe", "subscription", "ledger", "ai", "checkout", "staff")
#: Rows of the workspace's audit log that are about its money.
DEEDS = (
    "billing.checkout.started",
    "billing.checkout.paid",
    "billing.plan.change_asked",
    "billing.subscription.cancelled",
    "billing.subscription.resumed",
    "billing.pack.refunded",
    "billing.grace.extended",
    "credits.granted",
    "limits.overridden",
    "limits.override_ended",
    "workspace.held",
    "workspace.let_go",
)


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened. `kind` is one of KINDS."""

    at: datetime
    kind: str
    what: str
    detail: str


def timeline_of(record: SubscriptionRecord, *, kind: str = "") -> list[Moment]:
    """The newest moments of a workspace, of one kind or of all."""
    readers = {
        "stripe": _stripe,
        "subscription": _subscription,
        "ledger": _ledger,
        "ai": _ai,
        "checkout": _checkout,
        "staff": _staff,
    }
    wanted = [readers[kind]] if kind in readers else list(readers.values())
    found = chain.from_iterable(read(record) for read in wanted)
    return sorted(found, key=lambda one: one.at, reverse=True)[:MOST]


def _stripe(record: SubscriptionRecord) -> Iterator[Moment]:
    if not record.stripe_customer_id:
        return
    rows = StripeEvent.objects.filter(serial_key=record.stripe_customer_id).order_by("-id")
    for row in rows[:MOST]:
        detail = " ".join(filter(None, (row.state, row.outcome, row.last_error, row.object_id)))
        yield Moment(row.stripe_created_at, "stripe", row.type, detail)


def _subscription(record: SubscriptionRecord) -> Iterator[Moment]:
    for row in SubscriptionHistory.objects.filter(workspace_id=record.workspace_id).order_by("-id")[:MOST]:
        detail = ", ".join(f"{name}: {old} → {new}" for name, (old, new) in sorted(row.changes.items()))
        yield Moment(row.at, "subscription", "changed", detail)


def _ledger(record: SubscriptionRecord) -> Iterator[Moment]:
    rows = LedgerTransaction.objects.filter(workspace_id=record.workspace_id).order_by("-id")
    rows = rows.filter(unit__in=[unit for unit in Unit if unit != Unit.AI_USD])
    for row in rows.prefetch_related("entries__account")[:MOST]:
        legs = ", ".join(f"{leg.account.kind} {leg.amount:+}" for leg in row.entries.all())
        yield Moment(row.at, "ledger", f"{row.kind} {row.unit}", f"{legs} ({row.idempotency_key})")


def _ai(record: SubscriptionRecord) -> Iterator[Moment]:
    """What AI has cost, as it was settled."""
    spent = LedgerEntry.objects.filter(
        transaction__workspace_id=record.workspace_id,
        transaction__unit=Unit.AI_USD,
        account__kind=AccountKind.CONSUMED,
    )
    for entry in spent.select_related("transaction").order_by("-transaction_id")[:MOST]:
        dollars = Decimal(entry.amount) / AI_USD_PER_DOLLAR
        yield Moment(entry.transaction.at, "ai", f"{dollars} USD", f"({entry.transaction.idempotency_key})")


def _checkout(record: SubscriptionRecord) -> Iterator[Moment]:
    rows = CheckoutIntent.objects.filter(workspace_id=record.workspace_id).order_by("-id")
    for row in rows[:MOST]:
        yield Moment(row.created_at, "checkout", row.choice, f"{row.state} {row.session_id or ''}")


def _staff(record: SubscriptionRecord) -> Iterator[Moment]:
    rows = AuditEvent.objects.filter(workspace_id=record.workspace_id, action__in=DEEDS)
    for row in rows.order_by("-at", "-id")[:MOST]:
        yield Moment(row.at, "staff", row.action, f"{row.actor_kind} {row.reason}".strip())
