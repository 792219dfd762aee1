"""Owns changes of a subscription: proration, previewed or paid at once, and the switch that ends it with its period."""

from typing import TYPE_CHECKING

from ...http import Json
from . import money
from .core import Request, invalid, listing, whole
from .forms import is_true
from .terms import after, whole_period

if TYPE_CHECKING:
    from .dialect import Dialect


def proration(dialect: "Dialect", body: Json, price: Json, moment: int) -> tuple[list[Json], int, int]:
    """The lines of a change to `price` at `moment`, and the period that follows."""
    item = body["items"]["data"][0]
    old, start, end = item["price"], item["current_period_start"], item["current_period_end"]
    share = max(end - moment, 0) / max(end - start, 1)
    products = dialect.store.objects
    unused = money.line(
        dialect.store,
        -round(old["unit_amount"] * share),
        f"Unused time on {products[old['product']]['name']}",
        moment,
        end,
        old,
        proration=True,
        subscription=body["id"],
    )
    if _pace(old) != _pace(price):
        end = after(moment, price, moment)
        return [unused, whole_period(dialect, body, price, moment, end)], moment, end
    remaining = money.line(
        dialect.store,
        round(price["unit_amount"] * share),
        f"Remaining time on {products[price['product']]['name']}",
        moment,
        end,
        price,
        proration=True,
        subscription=body["id"],
    )
    return [unused, remaining], start, end


def _pace(price: Json) -> tuple[str, int]:
    return price["recurring"]["interval"], price["recurring"]["interval_count"]


def _moment(request: Request, form: Json, body: Json) -> int:
    item = body["items"]["data"][0]
    moment = whole(form.get("proration_date", request.store.now()), "proration_date")
    if not item["current_period_start"] <= moment <= item["current_period_end"]:
        raise invalid("Cannot specify `proration_date` outside the current period.", "proration_date")
    return moment


def update(request: Request) -> Json:
    body, form, dialect = request.store.get("subscription", request.names[0]), request.form, request.dialect
    if body["status"] in ("canceled", "incomplete_expired"):
        raise invalid("A canceled subscription can only update its metadata.")
    if form.get("payment_behavior") == "pending_if_incomplete" and (
        "metadata" in form or "cancel_at_period_end" in form
    ):
        raise invalid("Some parameters are not supported by pending updates.", code="parameter_unsupported")
    previous: Json = {}
    if "cancel_at_period_end" in form:
        previous["cancel_at_period_end"] = body["cancel_at_period_end"]
        body["cancel_at_period_end"] = is_true(form["cancel_at_period_end"])
        item = body["items"]["data"][0]
        body["canceled_at"] = request.store.now() if body["cancel_at_period_end"] else None
        body["cancel_at"] = item["current_period_end"] if body["cancel_at_period_end"] else None
    if "metadata" in form:
        body["metadata"] = body["metadata"] | form["metadata"]
    if "default_payment_method" in form:
        body["default_payment_method"] = form["default_payment_method"]
    if items := form.get("items"):
        price = request.store.get("price", items[0].get("price", ""), "items[0][price]")
        _change(request, body, price, form)
    else:
        dialect.events.fire("customer.subscription.updated", body, **previous)
    return body


def _change(request: Request, body: Json, price: Json, form: Json) -> None:
    dialect = request.dialect
    if body["schedule"]:
        raise invalid("The subscription is managed by the subscription schedule.")
    item = body["items"]["data"][0]
    lines, start, end = proration(dialect, body, price, _moment(request, form, body))
    before = {"items": {"data": [dict(item)]}}
    if form.get("proration_behavior", "create_prorations") != "always_invoice":
        item |= {"price": price, "current_period_start": start, "current_period_end": end}
        dialect.events.fire("customer.subscription.updated", body, **before)
        return
    customer = request.store.objects[body["customer"]]
    row = money.invoice(dialect, customer, lines, "subscription_update", subscription=body)
    body["latest_invoice"] = row["id"]
    if money.collect(dialect, row) or form.get("payment_behavior") != "pending_if_incomplete":
        item |= {"price": price, "current_period_start": start, "current_period_end": end}
        if row["status"] != "paid":
            body["status"] = "past_due"
    else:
        body["pending_update"] = {
            "expires_at": request.store.now() + 23 * 3600,
            "subscription_items": [{"id": item["id"], "price": price["id"], "quantity": 1}],
        }
        body["_pending"] = {"price": price, "current_period_start": start, "current_period_end": end}
    dialect.events.fire("customer.subscription.updated", body, **before)


def preview(request: Request) -> Json:
    """POST /v1/invoices/create_preview: what a change would cost now; nothing is kept."""
    form = request.form
    body = request.store.get("subscription", request.need("subscription"), "subscription")
    details = form.get("subscription_details", {})
    customer = request.store.objects[body["customer"]]
    items = details.get("items")
    if items and items[0].get("price"):
        price = request.store.get("price", items[0]["price"], "subscription_details[items][0][price]")
        lines, _, _ = proration(request.dialect, body, price, _moment(request, details, body))
    else:
        item = body["items"]["data"][0]
        start = item["current_period_end"]
        end = after(start, item["price"], body["billing_cycle_anchor"])
        lines = [whole_period(request.dialect, body, item["price"], start, end)]
    total = sum(row["amount"] for row in lines)
    return {
        "id": request.store.name("upcoming_in"),
        "object": "invoice",
        "livemode": False,
        "created": request.store.now(),
        "amount_due": max(total, 0),
        "currency": body["currency"],
        "customer": customer["id"],
        "lines": listing(lines, "/v1/invoices/upcoming/lines"),
        "metadata": {},
        "number": None,
        "period_end": lines[0]["period"]["end"],
        "period_start": lines[0]["period"]["start"],
        "status": "draft",
        "subtotal": total,
        "total": total,
    }
