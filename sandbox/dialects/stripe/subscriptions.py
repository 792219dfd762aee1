"""Owns subscriptions: made, changed with proration, previewed, scheduled, cancelled, rolled into the next period."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ...http import Json
from . import money
from .core import Request, invalid, listing, whole
from .forms import is_true

if TYPE_CHECKING:
    from .dialect import Dialect

LIVING = ("active", "trialing", "past_due", "unpaid", "paused", "incomplete")


def after(moment: int, price: Json, anchor: int) -> int:
    """The end of the period that begins at `moment`; months keep the anchor's day."""
    recurring: dict[str, Any] = price["recurring"]
    if recurring["interval"] in ("day", "week"):
        return moment + int(recurring["interval_count"]) * (
            86_400 if recurring["interval"] == "day" else 604_800
        )
    months = recurring["interval_count"] * (12 if recurring["interval"] == "year" else 1)
    start, day = datetime.fromtimestamp(moment, UTC), datetime.fromtimestamp(anchor, UTC).day
    number = start.year * 12 + start.month - 1 + months
    for candidate in (day, 30, 29, 28):
        try:
            moved = start.replace(year=number // 12, month=number % 12 + 1, day=min(candidate, day))
            return int(moved.timestamp())
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


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
        [_full(dialect, body, price, now, end)],
        "subscription_create",
        subscription=body,
    )
    body["latest_invoice"] = row["id"]
    body["status"] = "active" if is_paid else "incomplete"
    dialect.events.fire("customer.subscription.created", body)
    return body


def _full(dialect: "Dialect", body: Json, price: Json, start: int, end: int) -> Json:
    product = dialect.store.objects[price["product"]]["name"]
    return money.line(
        dialect.store, price["unit_amount"], f"1 × {product}", start, end, price, subscription=body["id"]
    )


def create(request: Request) -> Json:
    """POST /v1/subscriptions with a customer who has a card."""
    store, form = request.store, request.form
    customer = store.get("customer", request.need("customer"), "customer")
    price = store.get("price", request.need("items")[0]["price"], "items[0][price]")
    how, _ = money.outcome(request.dialect, customer)
    body = make(request.dialect, customer, price, form.get("metadata", {}), is_paid=how == "ok")
    money.collect(request.dialect, store.objects[body["latest_invoice"]])
    return body


# changes -----------------------------------------------------------------------------------------


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
        return [unused, _full(dialect, body, price, moment, end)], moment, end
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
        lines = [_full(request.dialect, body, item["price"], start, end)]
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


# periods -----------------------------------------------------------------------------------------


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
    lines = [_full(dialect, body, item["price"], start, item["current_period_end"])]
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


# schedules ---------------------------------------------------------------------------------------


def create_schedule(request: Request) -> Json:
    body = request.store.get("subscription", request.need("from_subscription"), "from_subscription")
    if body["schedule"]:
        raise invalid("You cannot migrate a subscription that is already attached to a schedule.")
    item = body["items"]["data"][0]
    schedule = request.store.new(
        "subscription_schedule",
        "sub_sched",
        canceled_at=None,
        completed_at=None,
        current_phase={"start_date": item["current_period_start"], "end_date": item["current_period_end"]},
        customer=body["customer"],
        default_settings={},
        end_behavior="release",
        metadata={},
        phases=[
            {
                "items": [{"price": item["price"]["id"], "quantity": 1}],
                "start_date": item["current_period_start"],
                "end_date": item["current_period_end"],
            }
        ],
        released_at=None,
        released_subscription=None,
        status="active",
        subscription=body["id"],
    )
    body["schedule"] = schedule["id"]
    request.dialect.events.fire("customer.subscription.updated", body, schedule=None)
    return schedule


def update_schedule(request: Request) -> Json:
    body = request.store.get("subscription_schedule", request.names[0])
    if body["status"] != "active":
        raise invalid("You cannot update a subscription schedule that is not active.")
    phases: list[Json] = []
    for phase in request.need("phases"):
        price = request.store.get("price", phase["items"][0]["price"], "phases[items][price]")
        start = whole(phase.get("start_date", phases[-1]["end_date"] if phases else 0), "start_date")
        stop = whole(phase["end_date"], "end_date") if "end_date" in phase else after(start, price, start)
        phases.append(
            {"items": [{"price": price["id"], "quantity": 1}], "start_date": start, "end_date": stop}
        )
    body["phases"] = phases
    body["metadata"] = body["metadata"] | request.form.get("metadata", {})
    subscription = request.store.objects[body["subscription"]]
    request.dialect.events.fire("customer.subscription.updated", subscription)
    return body


def release_schedule(request: Request) -> Json:
    body = request.store.get("subscription_schedule", request.names[0])
    if body["status"] != "active":
        raise invalid("You cannot release a subscription schedule that is not active.")
    subscription = request.store.objects[body["subscription"]]
    body |= {
        "status": "released",
        "released_at": request.store.now(),
        "released_subscription": subscription["id"],
        "subscription": None,
    }
    subscription["schedule"] = None
    request.dialect.events.fire("customer.subscription.updated", subscription)
    return body


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
