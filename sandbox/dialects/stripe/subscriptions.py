"""Owns subscriptions: made, listed, ended."""

from typing import TYPE_CHECKING

from ...http import Json
from . import money
from .core import Request, invalid, listing
from .terms import after, whole_period

if TYPE_CHECKING:
    from .dialect import Dialect


def make(dialect: "Dialect", customer: Json, price: Json, metadata: Json, *, is_paid: bool) -> Json:
    """A new subscription and its first invoice; the caller has collected or refused the money."""
    store, now = dialect.store, dialect.store.now()
    body = store.new(
        "subscription",
        "sub",
        automatic_tax={"enabled": False, "liability": None},
        billing_cycle_anchor=now,
        cancel_at=None,
        cancel_at_period_end=False,
        canceled_at=None,
        collection_method="charge_automatically",
        currency=price["currency"],
        customer=customer["id"],
        default_payment_method=None,
        description=None,
        discounts=[],
        ended_at=None,
        items=None,
        latest_invoice=None,
        metadata=metadata,
        pending_setup_intent=None,
        pending_update=None,
        pause_collection=None,
        schedule=None,
        start_date=now,
        status="incomplete",
        trial_end=None,
        trial_start=None,
    )
    end = after(now, price, now)
    item = {
        "id": store.name("si"),
        "object": "subscription_item",
        "created": now,
        "current_period_start": now,
        "current_period_end": end,
        "discounts": [],
        "metadata": {},
        "price": price,
        "quantity": 1,
        "subscription": body["id"],
        "tax_rates": [],
    }
    body["items"] = listing([item], f"/v1/subscription_items?subscription={body['id']}")
    row = money.invoice(
        dialect,
        customer,
        [whole_period(dialect, body, price, now, end)],
        "subscription_create",
        subscription=body,
    )
    body["latest_invoice"] = row["id"]
    body["status"] = "active" if is_paid else "incomplete"
    dialect.events.fire("customer.subscription.created", body)
    return body


def create(request: Request) -> Json:
    """POST /v1/subscriptions with a customer who has a card."""
    store, form = request.store, request.form
    customer = store.get("customer", request.need("customer"), "customer")
    price = store.get("price", request.need("items")[0]["price"], "items[0][price]")
    how, _ = money.outcome(request.dialect, customer)
    body = make(request.dialect, customer, price, form.get("metadata", {}), is_paid=how == "ok")
    money.collect(request.dialect, store.objects[body["latest_invoice"]])
    return body


def cancel(request: Request) -> Json:
    body = request.store.get("subscription", request.names[0])
    if body["status"] == "canceled":
        raise invalid(f"No such subscription: '{body['id']}'", "id", "resource_missing")
    end(request.dialect, body)
    return body


def end(dialect: "Dialect", body: Json) -> None:
    now = dialect.store.now()
    if body["schedule"]:
        dialect.store.objects[body["schedule"]] |= {"status": "canceled", "canceled_at": now}
        body["schedule"] = None
    body |= {"status": "canceled", "ended_at": now, "canceled_at": body["canceled_at"] or now}
    dialect.events.fire("customer.subscription.deleted", body)


def listed(request: Request) -> Json:
    rows, form = request.store.find("subscription"), request.form
    for name in ("customer",):
        if name in form:
            rows = [row for row in rows if row[name] == form[name]]
    status = form.get("status", "")
    if status == "ended":
        rows = [row for row in rows if row["status"] in ("canceled", "incomplete_expired")]
    elif status and status != "all":
        rows = [row for row in rows if row["status"] == status]
    elif not status:
        rows = [row for row in rows if row["status"] != "canceled"]
    return request.store.page(rows, form, "/v1/subscriptions")
