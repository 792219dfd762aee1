"""Owns what time does to a subscription: the next period, attempts at an unpaid invoice, a payment that came late."""

from typing import TYPE_CHECKING, Any

from ...http import Json
from . import money
from .core import Request, declined, invalid
from .subscriptions import end
from .terms import after, whole_period

if TYPE_CHECKING:
    from .dialect import Dialect


def roll(dialect: "Dialect", body: Json) -> None:
    """The period is over: end, or the next one with its invoice."""
    if body["cancel_at_period_end"]:
        end(dialect, body)
        return
    item = body["items"]["data"][0]
    _next_phase(dialect, body, item)
    start = item["current_period_end"]
    item["current_period_start"] = start
    item["current_period_end"] = after(start, item["price"], body["billing_cycle_anchor"])
    customer = dialect.store.objects[body["customer"]]
    lines = [whole_period(dialect, body, item["price"], start, item["current_period_end"])]
    row = money.invoice(dialect, customer, lines, "subscription_cycle", subscription=body)
    body["latest_invoice"] = row["id"]
    if not money.collect(dialect, row):
        body["status"] = "past_due"
        body["_retries"] = 0
    dialect.events.fire("customer.subscription.updated", body)


def _next_phase(dialect: "Dialect", body: Json, item: Json) -> None:
    schedule = dialect.store.objects.get(body["schedule"] or "")
    if schedule is None:
        return
    coming = [phase for phase in schedule["phases"] if phase["start_date"] >= item["current_period_end"]]
    if coming:
        price = dialect.store.objects[coming[0]["items"][0]["price"]]
        item["price"] = price
    schedule |= {
        "status": "released",
        "released_at": dialect.store.now(),
        "released_subscription": body["id"],
    }
    schedule["subscription"] = body["schedule"] = None
    dialect.events.fire("subscription_schedule.released", schedule)


def retry(dialect: "Dialect", body: Json, row: Json) -> None:
    """Another attempt of an unpaid invoice; after the last one the subscription ends."""
    if money.collect(dialect, row):
        after_payment(dialect, row)
        return
    body["_retries"] = body.get("_retries", 0) + 1
    if body["_retries"] >= 4:
        row["next_payment_attempt"] = None
        row["status"] = "uncollectible"
        dialect.events.fire("invoice.marked_uncollectible", row)
        end(dialect, body)


def after_payment(dialect: "Dialect", row: Json) -> None:
    """An invoice was paid late: what waited for it comes into force."""
    parent: Any = row.get("parent") or {}
    name = parent.get("subscription_details", {}).get("subscription")
    body = dialect.store.objects.get(name or "")
    if body is None or body["status"] == "canceled":
        return
    if waiting := body.pop("_pending", None):
        body["items"]["data"][0] |= waiting
        body["pending_update"] = None
    body["status"] = "active"
    dialect.events.fire("customer.subscription.updated", body)


def pay_invoice(request: Request) -> Json:
    body = request.store.get("invoice", request.names[0])
    if body["status"] != "open":
        raise invalid("Invoice is already paid or void", code="invoice_not_open")
    if not money.collect(request.dialect, body):
        raise declined()
    after_payment(request.dialect, body)
    return body
