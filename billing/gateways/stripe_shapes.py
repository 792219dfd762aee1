"""Stripe's JSON (version 2026-08-26.dahlia) to our dataclasses.

Where the fields stand: periods of a subscription on its items, an invoice's subscription under `parent`, the price of
a line under `pricing`. What is missing reads as empty, so that a new field of Stripe's breaks nothing.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from billing.gateways.base import Kind
from billing.types import (
    Remote,
    RemoteCard,
    RemoteCharge,
    RemoteCustomer,
    RemoteDispute,
    RemoteEvent,
    RemoteInvoice,
    RemotePage,
    RemotePrice,
    RemoteRefund,
    RemoteSchedule,
    RemoteSession,
    RemoteSubscription,
)

Json = dict[str, Any]


def moment(value: Any) -> datetime:
    return datetime.fromtimestamp(int(value), UTC)


def moment_or_none(value: Any) -> datetime | None:
    return None if value is None else moment(value)


def id_of(value: Any) -> str:
    """The id of a reference, expanded or not."""
    if isinstance(value, dict):
        return str(value.get("id") or "")
    return str(value or "")


def _base(body: Json) -> Json:
    return {"id": str(body["id"]), "customer_id": id_of(body.get("customer")), "raw": body}


def card(body: Any) -> RemoteCard | None:
    """The card of an expanded payment method."""
    details = body.get("card") if isinstance(body, dict) else None
    if not details:
        return None
    return RemoteCard(
        brand=details["brand"],
        last4=details["last4"],
        exp_month=int(details["exp_month"]),
        exp_year=int(details["exp_year"]),
    )


def customer(body: Json) -> RemoteCustomer:
    settings = body.get("invoice_settings") or {}
    return RemoteCustomer(
        id=body["id"],
        customer_id=body["id"],
        raw=body,
        workspace=(body.get("metadata") or {}).get("workspace", ""),
        is_deleted=bool(body.get("deleted")),
        card=card(settings.get("default_payment_method")),
    )


def subscription(body: Json) -> RemoteSubscription:
    item = body["items"]["data"][0]
    price = item["price"]
    return RemoteSubscription(
        **_base(body),
        workspace=(body.get("metadata") or {}).get("workspace", ""),
        status=body["status"],
        lookup_key=price.get("lookup_key") or "",
        interval=(price.get("recurring") or {}).get("interval", ""),
        currency=price["currency"].upper(),
        amount_minor=int(price.get("unit_amount") or 0),
        quantity=int(item.get("quantity") or 1),
        period_start=moment(item["current_period_start"]),
        period_end=moment(item["current_period_end"]),
        created_at=moment(body["created"]),
        cancel_at_period_end=bool(body.get("cancel_at_period_end")),
        canceled_at=moment_or_none(body.get("canceled_at")),
        trial_end=moment_or_none(body.get("trial_end")),
        item_id=item["id"],
        schedule_id=id_of(body.get("schedule")),
        failed_since=_failed_since(body.get("latest_invoice")),
    )


def _failed_since(latest: Any) -> datetime | None:
    if not isinstance(latest, dict) or latest.get("status") in ("paid", "void", None):
        return None
    return moment(latest["created"])


def invoice(body: Json) -> RemoteInvoice:
    lines = body.get("lines", {}).get("data", [])
    paying = _paying(lines)
    details = (body.get("parent") or {}).get("subscription_details") or {}
    return RemoteInvoice(
        **_base(body),
        subscription_id=id_of(details.get("subscription")),
        number=body.get("number") or "",
        status=body.get("status") or "",
        total=int(body["total"]),
        amount_due=int(body.get("amount_due") or 0),
        currency=body["currency"].upper(),
        url=body.get("hosted_invoice_url") or "",
        pdf=body.get("invoice_pdf") or "",
        created_at=moment(body["created"]),
        price_id=_price_id(paying) if paying else "",
        period_start=moment(paying["period"]["start"]) if paying else None,
        period_end=moment(paying["period"]["end"]) if paying else None,
        lines=tuple((row.get("description") or "", int(row["amount"])) for row in lines),
    )


def _paying(lines: list[Json]) -> Json | None:
    """The line that pays for a whole period to come, not a proration."""
    for row in lines:
        details = (row.get("parent") or {}).get("subscription_item_details")
        if details and not details.get("proration") and row["amount"] >= 0:
            return row
    return None


def _price_id(line: Json) -> str:
    return id_of(((line.get("pricing") or {}).get("price_details") or {}).get("price"))


def session(body: Json) -> RemoteSession:
    return RemoteSession(
        **_base(body),
        workspace=body.get("client_reference_id") or "",
        intent=(body.get("metadata") or {}).get("intent", ""),
        url=body.get("url") or "",
        mode=body["mode"],
        status=body.get("status") or "",
        payment_status=body.get("payment_status") or "",
        payment_intent_id=id_of(body.get("payment_intent")),
        subscription_id=id_of(body.get("subscription")),
    )


def charge(body: Json) -> RemoteCharge:
    return RemoteCharge(
        **_base(body),
        payment_intent_id=id_of(body.get("payment_intent")),
        amount=int(body["amount"]),
        amount_refunded=int(body.get("amount_refunded") or 0),
        currency=body["currency"].upper(),
        is_disputed=bool(body.get("disputed")),
    )


def refund(body: Json) -> RemoteRefund:
    return RemoteRefund(**_base(body), charge_id=id_of(body.get("charge")), status=body.get("status") or "")


def dispute(body: Json) -> RemoteDispute:
    return RemoteDispute(
        **_base(body),
        charge_id=id_of(body.get("charge")),
        payment_intent_id=id_of(body.get("payment_intent")),
        status=body["status"],
        amount=int(body["amount"]),
        due_by=moment_or_none((body.get("evidence_details") or {}).get("due_by")),
    )


def schedule(body: Json) -> RemoteSchedule:
    metadata = body.get("metadata") or {}
    phases = body.get("phases") or []
    is_coming = body.get("status") == "active" and len(phases) > 1
    return RemoteSchedule(
        **_base(body),
        plan=metadata.get("plan", "") if is_coming else "",
        interval=metadata.get("interval", "") if is_coming else "",
        at=moment(phases[1]["start_date"]) if is_coming else None,
    )


def price(body: Json) -> RemotePrice:
    return RemotePrice(
        id=body["id"],
        raw=body,
        product_id=id_of(body.get("product")),
        lookup_key=body.get("lookup_key") or "",
        currency=body["currency"].upper(),
        amount_minor=int(body.get("unit_amount") or 0),
        interval=(body.get("recurring") or {}).get("interval", ""),
        is_active=bool(body.get("active")),
    )


def page(body: Json) -> RemotePage:
    return RemotePage(**_base(body), url=body["url"])


def event(body: Json) -> RemoteEvent:
    """Raises ValueError for what is no event."""
    thing = (body.get("data") or {}).get("object") if isinstance(body.get("data"), dict) else None
    if not isinstance(thing, dict) or not isinstance(body.get("livemode"), bool):
        raise ValueError("not an event")
    kind = thing.get("object")
    customer_id = thing.get("id") if kind == "customer" else id_of(thing.get("customer"))
    texts = [body.get("id"), body.get("type"), kind]
    if not all(isinstance(text, str) and 0 < len(text) <= 80 and text.isprintable() for text in texts):
        raise ValueError("not an event")
    name = id_of(thing)
    if not (0 < len(name) <= 100 and name.isprintable() and str(customer_id).isprintable()):
        raise ValueError("not an event")
    return RemoteEvent(
        id=body["id"],
        customer_id=str(customer_id)[:100],
        raw=body,
        type=body["type"],
        api_version=str(body.get("api_version") or "")[:40],
        livemode=body["livemode"],
        created_at=moment(body.get("created") or 0),
        object_type=str(kind)[:40],
        object_id=name,
    )


def plain(body: Json) -> Remote:
    return Remote(**_base(body))


SHAPES: dict[Kind, Callable[[Json], Remote]] = {
    Kind.CUSTOMER: customer,
    Kind.SUBSCRIPTION: subscription,
    Kind.SCHEDULE: schedule,
    Kind.INVOICE: invoice,
    Kind.SESSION: session,
    Kind.PORTAL: page,
    Kind.CHARGE: charge,
    Kind.REFUND: refund,
    Kind.DISPUTE: dispute,
    Kind.PRICE: price,
    Kind.EVENT: event,
}


def shaped(kind: Kind, body: Json) -> Remote:
    """The dataclass of this kind; kinds that we only pass on are a bare Remote."""
    if kind is Kind.PREVIEW:
        return invoice(body)
    return SHAPES.get(kind, plain)(body)
