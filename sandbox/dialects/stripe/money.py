"""Owns what moves money: invoices, payment intents, charges, refunds and disputes."""

from typing import TYPE_CHECKING, Any

from ...http import Json
from .core import Refused, Request, Store, invalid, listing, missing, whole

if TYPE_CHECKING:
    from .dialect import Dialect

DAY = 86_400


def outcome(dialect: "Dialect", customer: Json) -> tuple[str, Json | None]:
    """ok, declined or authentication, and the card; a customer without one is declined."""
    name = customer["invoice_settings"]["default_payment_method"]
    card = dialect.store.objects.get(name or "")
    return (card["_outcome"] if card else "declined"), card


def charge(
    dialect: "Dialect",
    customer: Json,
    amount: int,
    currency: str,
    card: Json | None,
    is_paid: bool,
    metadata: Json | None = None,
) -> Json:
    """A payment intent with its charge, paid or failed; returns the intent."""
    store, events = dialect.store, dialect.events
    intent = store.new(
        "payment_intent",
        "pi",
        amount=amount,
        amount_received=amount if is_paid else 0,
        canceled_at=None,
        capture_method="automatic",
        client_secret=None,
        currency=currency,
        customer=customer["id"],
        latest_charge=None,
        metadata=metadata or {},
        payment_method=card["id"] if card else None,
        payment_method_types=["card"],
        status="succeeded" if is_paid else "requires_payment_method",
        last_payment_error=None,
        on_behalf_of=None,
    )
    body = store.new(
        "charge",
        "ch",
        amount=amount,
        amount_captured=amount if is_paid else 0,
        amount_refunded=0,
        balance_transaction=None,
        billing_details={"address": None, "email": customer["email"], "name": None, "phone": None},
        captured=is_paid,
        currency=currency,
        customer=customer["id"],
        description=None,
        disputed=False,
        failure_code=None if is_paid else "card_declined",
        failure_message=None if is_paid else "Your card was declined.",
        metadata=metadata or {},
        paid=is_paid,
        payment_intent=intent["id"],
        payment_method=intent["payment_method"],
        receipt_url=None,
        refunded=False,
        source=None,
        status="succeeded" if is_paid else "failed",
        on_behalf_of=None,
        transfer=None,
        transfer_data=None,
    )
    intent["latest_charge"] = body["id"]
    events.fire("charge.succeeded" if is_paid else "charge.failed", body)
    events.fire("payment_intent.succeeded" if is_paid else "payment_intent.payment_failed", intent)
    return intent


# invoices ----------------------------------------------------------------------------------------


def line(
    store: Store,
    amount: int,
    text: str,
    start: int,
    end: int,
    price: Json,
    *,
    proration: bool = False,
    subscription: str | None = None,
) -> Json:
    parent: Json | None = None
    if subscription:
        details = {"subscription": subscription, "subscription_item": None, "proration": proration}
        parent = {"type": "subscription_item_details", "subscription_item_details": details}
    return {
        "id": store.name("il"),
        "object": "line_item",
        "amount": amount,
        "currency": price["currency"],
        "description": text,
        "discountable": not proration,
        "livemode": False,
        "metadata": {},
        "parent": parent,
        "period": {"start": start, "end": end},
        "pricing": {
            "type": "price_details",
            "price_details": {"price": price["id"], "product": price["product"]},
        },
        "quantity": 1,
    }


def invoice(
    dialect: "Dialect", customer: Json, lines: list[Json], reason: str, *, subscription: Json | None = None
) -> Json:
    """A draft that was finalized at once: open, not paid."""
    store = dialect.store
    total = sum(row["amount"] for row in lines)
    number = sum(1 for _ in store.find("invoice", customer=customer["id"])) + 1
    parent: Json | None = None
    if subscription is not None:
        details = {"subscription": subscription["id"], "metadata": subscription["metadata"]}
        parent = {"type": "subscription_details", "subscription_details": details, "quote_details": None}
    body = store.new(
        "invoice",
        "in",
        account_country="FR",
        amount_due=max(total, 0),
        amount_paid=0,
        amount_remaining=max(total, 0),
        attempt_count=0,
        attempted=False,
        auto_advance=True,
        billing_reason=reason,
        collection_method="charge_automatically",
        currency=lines[0]["currency"] if lines else "usd",
        customer=customer["id"],
        customer_email=customer["email"],
        default_payment_method=None,
        due_date=None,
        lines=listing(lines, "/v1/invoices/lines"),
        metadata={},
        next_payment_attempt=None,
        number=f"{customer['invoice_prefix']}-{number:04d}",
        parent=parent,
        period_start=lines[0]["period"]["start"] if lines else store.now(),
        period_end=lines[0]["period"]["end"] if lines else store.now(),
        status="open",
        status_transitions={
            "finalized_at": store.now(),
            "paid_at": None,
            "voided_at": None,
            "marked_uncollectible_at": None,
        },
        subtotal=total,
        total=total,
        total_taxes=[],
    )
    base = f"{dialect.base}/pages/invoice/{body['id']}"
    body |= {"hosted_invoice_url": base, "invoice_pdf": f"{base}.pdf"}
    dialect.events.fire("invoice.created", body)
    dialect.events.fire("invoice.finalized", body)
    return body


def collect(
    dialect: "Dialect", body: Json, *, card: Json | None = None, metadata: Json | None = None
) -> bool:
    """Tries to take what an open invoice asks for; True if it is paid."""
    store, events = dialect.store, dialect.events
    customer = store.objects[body["customer"]]
    how, default = outcome(dialect, customer)
    card = card or default
    how = card["_outcome"] if card else how
    body["attempt_count"] += 1
    body["attempted"] = True
    is_paid = how == "ok" or body["amount_due"] == 0
    if body["amount_due"]:
        intent = charge(dialect, customer, body["amount_due"], body["currency"], card, is_paid, metadata)
        _link(store, body, intent, is_paid)
    if is_paid:
        body |= {
            "status": "paid",
            "amount_paid": body["amount_due"],
            "amount_remaining": 0,
            "next_payment_attempt": None,
        }
        body["status_transitions"]["paid_at"] = store.now()
        events.fire("invoice.paid", body)
        events.fire("invoice.payment_succeeded", body)
    else:
        body["next_payment_attempt"] = store.now() + 3 * DAY
        events.fire("invoice.payment_failed", body)
        if how == "authentication":
            events.fire("invoice.payment_action_required", body)
    return is_paid


def _link(store: Store, body: Json, intent: Json, is_paid: bool) -> None:
    for row in store.find("invoice_payment", invoice=body["id"]):
        row["is_default"] = False
    store.new(
        "invoice_payment",
        "inpay",
        amount_paid=body["amount_due"] if is_paid else 0,
        amount_requested=body["amount_due"],
        currency=body["currency"],
        invoice=body["id"],
        is_default=True,
        payment={"type": "payment_intent", "payment_intent": intent["id"]},
        status="paid" if is_paid else "open",
    )


def void_invoice(request: Request) -> Json:
    body = request.store.get("invoice", request.names[0])
    if body["status"] != "open":
        raise invalid("This invoice is not open.")
    body["status"] = "void"
    body["status_transitions"]["voided_at"] = request.store.now()
    request.dialect.events.fire("invoice.voided", body)
    return body


def list_invoices(request: Request) -> Json:
    rows, form = request.store.find("invoice"), request.form
    for name in ("customer", "status"):
        if name in form:
            rows = [row for row in rows if row[name] == form[name]]
    if "subscription" in form:
        rows = [row for row in rows if _subscription_of(row) == form["subscription"]]
    return request.store.page(rows, form, "/v1/invoices")


def _subscription_of(body: Json) -> str | None:
    parent: Any = body.get("parent") or {}
    found: str | None = parent.get("subscription_details", {}).get("subscription")
    return found


def list_invoice_payments(request: Request) -> Json:
    rows, form = request.store.find("invoice_payment"), request.form
    if "invoice" in form:
        rows = [row for row in rows if row["invoice"] == form["invoice"]]
    if wanted := form.get("payment", {}).get("payment_intent"):
        rows = [row for row in rows if row["payment"]["payment_intent"] == wanted]
    return request.store.page(rows, form, "/v1/invoice_payments")


# refunds and disputes ----------------------------------------------------------------------------


def create_refund(request: Request) -> Json:
    store, form = request.store, request.form
    name = form.get("charge")
    if not name:
        intent = store.get("payment_intent", request.need("payment_intent"), "payment_intent")
        name = intent["latest_charge"]
    body = store.get("charge", name, "charge")
    rest = body["amount"] - body["amount_refunded"]
    amount = whole(form.get("amount", rest), "amount")
    if rest == 0:
        raise invalid(f"Charge {name} has already been refunded.", code="charge_already_refunded")
    if not 0 < amount <= rest:
        raise invalid(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({rest})", "amount"
        )
    return refund(request.dialect, body, amount, form.get("reason"), form.get("metadata", {}))


def refund(
    dialect: "Dialect", body: Json, amount: int, reason: str | None = None, metadata: Json | None = None
) -> Json:
    row = dialect.store.new(
        "refund",
        "re",
        amount=amount,
        balance_transaction=None,
        charge=body["id"],
        currency=body["currency"],
        destination_details=None,
        failure_reason=None,
        metadata=metadata or {},
        payment_intent=body["payment_intent"],
        reason=reason,
        receipt_number=None,
        status="succeeded",
        transfer_reversal=None,
        source_transfer_reversal=None,
    )
    body["amount_refunded"] += amount
    body["refunded"] = body["amount_refunded"] == body["amount"]
    dialect.events.fire("refund.created", row)
    dialect.events.fire("charge.refunded", body)
    return row


def fail_refund(dialect: "Dialect", row: Json) -> Json:
    body = dialect.store.objects[row["charge"]]
    row |= {"status": "failed", "failure_reason": "lost_or_stolen_card"}
    body["amount_refunded"] -= row["amount"]
    body["refunded"] = False
    dialect.events.fire("refund.updated", row)
    dialect.events.fire("refund.failed", row)
    return row


def dispute(dialect: "Dialect", body: Json, amount: int | None = None) -> Json:
    store = dialect.store
    row = store.new(
        "dispute",
        "du",
        amount=amount or body["amount"],
        balance_transactions=[],
        charge=body["id"],
        currency=body["currency"],
        enhanced_eligibility_types=[],
        evidence={},
        evidence_details={
            "due_by": store.now() + 7 * DAY,
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        is_charge_refundable=False,
        metadata={},
        payment_intent=body["payment_intent"],
        reason="fraudulent",
        status="needs_response",
    )
    body["disputed"] = True
    dialect.events.fire("charge.dispute.created", row)
    dialect.events.fire("charge.dispute.funds_withdrawn", row)
    return row


def close_dispute(dialect: "Dialect", row: Json, is_won: bool) -> Json:
    row["status"] = "won" if is_won else "lost"
    dialect.events.fire("charge.dispute.closed", row)
    if is_won:
        dialect.events.fire("charge.dispute.funds_reinstated", row)
    return row


def one_of(kind: str) -> Any:
    """A handler that gives one object of the kind."""

    def handler(request: Request) -> Json:
        found = request.store.kinds.get(kind, {}).get(request.names[0])
        if found is None:
            raise missing(kind.replace("checkout.", "checkout "), request.names[0])
        return found

    return handler


def many_of(kind: str, *filters: str) -> Any:
    """A handler that lists a kind, newest first, by equal fields."""

    def handler(request: Request) -> Json:
        from .core import created_in

        rows = created_in(request.store.find(kind), request.form)
        for name in filters:
            if name in request.form:
                rows = [row for row in rows if row.get(name) == request.form[name]]
        types = request.form.get("types")
        if types:
            rows = [row for row in rows if row["type"] in types]
        return request.store.page(rows, request.form, request.path)

    return handler


__all__ = ["Refused", "charge", "collect", "invoice", "line", "many_of", "one_of", "refund"]
