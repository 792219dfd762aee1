"""Owns checkout sessions: made by the API, ended by the person on the hosted page, or by their hour."""

from typing import TYPE_CHECKING, Any

from ...http import Json
from . import catalogue, money, subscriptions
from .core import Refused, Request, declined, invalid, whole
from .forms import is_true

if TYPE_CHECKING:
    from .dialect import Dialect

HOUR = 3600


def create(request: Request) -> Json:
    store, form = request.store, request.form
    mode, lines = request.need("mode"), request.need("line_items")
    if mode not in ("payment", "subscription"):
        raise invalid(f"Invalid mode: {mode}", "mode")
    price = store.get("price", lines[0].get("price", ""), "line_items[0][price]")
    if not price["active"]:
        raise invalid(f"The price specified is inactive: {price['id']}", "line_items[0][price]")
    if (mode == "subscription") != (price["type"] == "recurring"):
        raise invalid("You specified a price of the wrong type for this mode.", "line_items[0][price]")
    customer = form.get("customer")
    if customer:
        store.get("customer", customer, "customer")
    expires = whole(form.get("expires_at", store.now() + 24 * HOUR), "expires_at")
    if not store.now() + 1700 <= expires <= store.now() + 24 * HOUR + 60:
        raise invalid(
            "The `expires_at` timestamp must be between 30 minutes and 24 hours away.", "expires_at"
        )
    amount = price["unit_amount"] * whole(lines[0].get("quantity", 1), "quantity")
    body = store.new(
        "checkout.session",
        "cs_test",
        allow_promotion_codes=is_true(form.get("allow_promotion_codes", "false")),
        amount_subtotal=amount,
        amount_total=amount,
        automatic_tax={"enabled": is_true(form.get("automatic_tax", {}).get("enabled", "")), "status": None},
        cancel_url=form.get("cancel_url"),
        client_reference_id=form.get("client_reference_id"),
        currency=price["currency"],
        customer=customer,
        customer_details=None,
        customer_email=None,
        expires_at=expires,
        invoice=None,
        invoice_creation=form.get("invoice_creation"),
        locale=form.get("locale"),
        metadata=form.get("metadata", {}),
        mode=mode,
        payment_intent=None,
        payment_link=None,
        payment_method_types=["card"],
        payment_status="unpaid",
        setup_intent=None,
        status="open",
        subscription=None,
        success_url=request.need("success_url"),
        total_details={"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        ui_mode="hosted",
        url=None,
        _subscription_metadata=form.get("subscription_data", {}).get("metadata", {}),
        _intent_metadata=form.get("payment_intent_data", {}).get("metadata", {}),
    )
    body["url"] = f"{request.dialect.base}/pages/checkout/{body['id']}"
    body["_price"] = price["id"]
    body["_lines"] = [
        {
            "id": store.name("li"),
            "object": "item",
            "amount_subtotal": amount,
            "amount_total": amount,
            "currency": price["currency"],
            "description": store.objects[price["product"]]["name"],
            "price": price,
            "quantity": 1,
        }
    ]
    return body


def expire(request: Request) -> Json:
    body = request.store.get("checkout.session", request.names[0])
    if body["status"] != "open":
        raise invalid('Only Checkout Sessions with a status in ["open"] can be expired.')
    end(request.dialect, body)
    return body


def end(dialect: "Dialect", body: Json) -> None:
    body |= {"status": "expired", "url": None}
    dialect.events.fire("checkout.session.expired", body)


def complete(dialect: "Dialect", body: Json, card: str = "pm_card_visa", *, is_async: bool = False) -> Json:
    """The person pays. Raises Refused for a declined card, with the session still open."""
    if body["status"] != "open":
        raise Refused(400, "invalid_request_error", "This session is not open any more.")
    request = Request(dialect, "POST", "", {})
    customer = _customer(request, body)
    if catalogue.CARDS[card][2] != "ok":
        money.charge(dialect, customer, body["amount_total"], body["currency"], None, False)
        raise declined()
    method = catalogue.attach(request, catalogue.new_card(request, card)["id"], customer)
    customer["invoice_settings"]["default_payment_method"] = method["id"]
    dialect.events.fire("customer.updated", customer)
    body |= {"status": "complete", "url": None, "customer_details": {"email": customer["email"]}}
    if body["mode"] == "subscription":
        _subscribe(dialect, body, customer)
    elif not is_async:
        _sell(dialect, body, customer)
    dialect.events.fire("checkout.session.completed", body)
    return body


def _customer(request: Request, body: Json) -> Json:
    if body["customer"]:
        return request.store.objects[body["customer"]]
    made = catalogue.create_customer(Request(request.dialect, "POST", "", {"email": "buyer@example.com"}))
    body["customer"] = made["id"]
    return made


def _subscribe(dialect: "Dialect", body: Json, customer: Json) -> None:
    store = dialect.store
    row = subscriptions.make(
        dialect, customer, store.objects[body["_price"]], body["_subscription_metadata"], is_paid=True
    )
    money.collect(dialect, store.objects[row["latest_invoice"]])
    body |= {"subscription": row["id"], "invoice": row["latest_invoice"], "payment_status": "paid"}


def _sell(dialect: "Dialect", body: Json, customer: Json) -> None:
    price, now = dialect.store.objects[body["_price"]], dialect.store.now()
    settings: Any = body["invoice_creation"] or {}
    if is_true(settings.get("enabled", "")):
        text = dialect.store.objects[price["product"]]["name"]
        row = money.line(dialect.store, body["amount_total"], text, now, now, price)
        invoice = money.invoice(dialect, customer, [row], "manual")
        money.collect(dialect, invoice, metadata=body["_intent_metadata"])
        paid = dialect.store.find("invoice_payment", invoice=invoice["id"])
        body |= {"invoice": invoice["id"], "payment_intent": paid[0]["payment"]["payment_intent"]}
    else:
        _, card = money.outcome(dialect, customer)
        intent = money.charge(
            dialect, customer, body["amount_total"], body["currency"], card, True, body["_intent_metadata"]
        )
        body["payment_intent"] = intent["id"]
    body["payment_status"] = "paid"


def settle_async(dialect: "Dialect", body: Json, is_paid: bool) -> Json:
    """A slow way of paying has come to its end."""
    if body["status"] != "complete" or body["payment_status"] != "unpaid":
        raise Refused(400, "invalid_request_error", "This session waits for no payment.")
    if is_paid:
        _sell(dialect, body, dialect.store.objects[body["customer"]])
    kind = "succeeded" if is_paid else "failed"
    dialect.events.fire(f"checkout.session.async_payment_{kind}", body)
    return body


def listed(request: Request) -> Json:
    rows, form = request.store.find("checkout.session"), request.form
    for name in ("customer", "payment_intent", "subscription", "status"):
        if name in form:
            rows = [row for row in rows if row[name] == form[name]]
    return request.store.page(rows, form, "/v1/checkout/sessions")


def portal(request: Request) -> Json:
    customer = request.store.get("customer", request.need("customer"), "customer")
    body = request.store.new(
        "billing_portal.session",
        "bps",
        configuration="bpc_sandbox",
        customer=customer["id"],
        flow=None,
        locale=request.form.get("locale"),
        on_behalf_of=None,
        return_url=request.form.get("return_url"),
    )
    body["url"] = f"{request.dialect.base}/pages/portal/{body['id']}"
    return body
