"""The present state of what an event is about, asked of Stripe with no transaction open."""

from dataclasses import dataclass, field

from billing.gateways.base import Kind
from billing.models import StripeEvent
from billing.rules import subscriptions as rules
from billing.services.stripe import calls
from billing.types import (
    Remote,
    RemoteCharge,
    RemoteCustomer,
    RemoteDispute,
    RemoteInvoice,
    RemotePrice,
    RemoteRefund,
    RemoteSchedule,
    RemoteSession,
    RemoteSubscription,
)
from huntaze.platforms.errors import Permanent

MOST_SUBSCRIPTIONS = 100


@dataclass(slots=True)
class Seen:
    """What Stripe holds now. `mirror` is all of it, by kind, for the mirror's rows."""

    customer: RemoteCustomer | None = None
    subscriptions: list[RemoteSubscription] = field(default_factory=list)
    schedule: RemoteSchedule | None = None
    invoice: RemoteInvoice | None = None
    price: RemotePrice | None = None
    session: RemoteSession | None = None
    charge: RemoteCharge | None = None
    disputes: list[RemoteDispute] = field(default_factory=list)
    mirror: list[tuple[Kind, Remote]] = field(default_factory=list)

    def keep(self, kind: Kind, thing: Remote) -> None:
        self.mirror.append((kind, thing))


def look(row: StripeEvent) -> Seen:
    """Ask for what the event is about, and for what follows from it. Raises Transient, Permanent."""
    seen = Seen()
    match row.object_type:
        case "checkout.session":
            _session(seen, row.object_id)
        case "invoice":
            _invoice(seen, row.object_id)
        case "customer" | "subscription" | "payment_method":
            _customer(seen, row.serial_key)
        case "charge":
            _charge(seen, row.object_id)
        case "refund":
            _charge(seen, calls.fetch(Kind.REFUND, row.object_id, RemoteRefund).charge_id)
        case "dispute":
            _charge(seen, calls.fetch(Kind.DISPUTE, row.object_id, RemoteDispute).charge_id)
        case "price" | "product":
            kind = Kind(row.object_type)
            seen.keep(kind, calls.fetch(kind, row.object_id, Remote))
    return seen


def _customer(seen: Seen, name: str) -> None:
    if not name.startswith("cus_"):  # a payment method that belongs to nobody
        raise Permanent("resource_missing")
    seen.customer = calls.fetch(Kind.CUSTOMER, name, RemoteCustomer)
    if seen.customer.is_deleted:
        return
    seen.keep(Kind.CUSTOMER, seen.customer)
    seen.subscriptions = calls.listing(
        Kind.SUBSCRIPTION, RemoteSubscription, most=MOST_SUBSCRIPTIONS, customer=name, status="all"
    )
    best = rules.chosen(seen.subscriptions)
    if best is not None:
        seen.keep(Kind.SUBSCRIPTION, best)
        if best.schedule_id:
            seen.schedule = calls.fetch(Kind.SCHEDULE, best.schedule_id, RemoteSchedule)


def _session(seen: Seen, name: str) -> None:
    seen.session = calls.fetch(Kind.SESSION, name, RemoteSession)
    if seen.session.mode == "subscription" and seen.session.customer_id:
        _customer(seen, seen.session.customer_id)
    seen.keep(Kind.SESSION, seen.session)


def _invoice(seen: Seen, name: str) -> None:
    seen.invoice = calls.fetch(Kind.INVOICE, name, RemoteInvoice)
    if seen.invoice.price_id and seen.invoice.status == "paid":
        seen.price = calls.fetch(Kind.PRICE, seen.invoice.price_id, RemotePrice)
    _customer(seen, seen.invoice.customer_id)
    seen.keep(Kind.INVOICE, seen.invoice)


def _charge(seen: Seen, name: str) -> None:
    """A charge with its disputes, and the session that it paid: news of it may come before the session's own."""
    charge = seen.charge = calls.fetch(Kind.CHARGE, name, RemoteCharge)
    seen.keep(Kind.CHARGE, charge)
    if charge.is_disputed:
        seen.disputes = calls.listing(Kind.DISPUTE, RemoteDispute, charge=name)
        for row in seen.disputes:
            seen.keep(Kind.DISPUTE, row)
    if charge.payment_intent_id:
        found = calls.listing(Kind.SESSION, RemoteSession, most=1, payment_intent=charge.payment_intent_id)
        seen.session = found[0] if found and found[0].mode == "payment" else None
