"""Owns the controls of the Stripe dialect: what a buyer, a bank or a hurried clock would do."""

from typing import TYPE_CHECKING, Any, cast

from ..dialects.stripe import checkout, money, periods, subscriptions
from ..dialects.stripe.catalogue import CARDS, attach, delete_customer, new_card
from ..dialects.stripe.core import Refused, Request, public
from ..http import Json
from .base import Call, Wrong

if TYPE_CHECKING:
    from ..dialects.stripe.dialect import Dialect


def _dialect(call: Call) -> "Dialect":
    return cast("Dialect", call.sandbox.dialects["stripe"])


def _find(call: Call, kind: str) -> Json:
    try:
        return _dialect(call).store.get(kind, call.parameter)
    except Refused as refusal:
        raise Wrong(str(refusal), 404) from None


def _done(deed: Any, *arguments: Any, **more: Any) -> Json:
    try:
        result = deed(*arguments, **more)
    except Refused as refusal:
        raise Wrong(str(refusal)) from None
    return cast(Json, public(result or {}))


def listen(call: Call) -> Json:
    """Sends every event to an address under a secret of the caller's."""
    dialect = _dialect(call)
    endpoint = dialect.events.listen(
        str(call.body["url"]), str(call.body.get("secret", dialect.secret)), call.body.get("events", ["*"])
    )
    return {"id": endpoint.id}


def pay(call: Call) -> Json:
    token = str(call.body.get("card", "pm_card_visa"))
    if token not in CARDS:
        raise Wrong(f"no card {token}")
    session = _find(call, "checkout.session")
    return _done(checkout.complete, _dialect(call), session, token, is_async=bool(call.body.get("async")))


def settle(call: Call) -> Json:
    session = _find(call, "checkout.session")
    return _done(checkout.settle_async, _dialect(call), session, bool(call.body.get("paid", True)))


def change_card(call: Call) -> Json:
    """The customer's card from now on: one of Stripe's test cards."""
    dialect, customer = _dialect(call), _find(call, "customer")
    request = Request(dialect, "POST", "", {})
    card = attach(request, new_card(request, str(call.body.get("card", "pm_card_visa")))["id"], customer)
    customer["invoice_settings"]["default_payment_method"] = card["id"]
    dialect.events.fire("customer.updated", customer)
    return cast(Json, public(card))


def forget_customer(call: Call) -> Json:
    """Deleted in Stripe's dashboard, with everything that ran."""
    customer = _find(call, "customer")
    return delete_customer(Request(_dialect(call), "DELETE", "", {}, [customer["id"]]))


def refund(call: Call) -> Json:
    charge = _find(call, "charge")
    return _done(money.refund, _dialect(call), charge, int(call.body.get("amount") or charge["amount"]))


def fail_refund(call: Call) -> Json:
    return _done(money.fail_refund, _dialect(call), _find(call, "refund"))


def dispute(call: Call) -> Json:
    return _done(money.dispute, _dialect(call), _find(call, "charge"), call.body.get("amount"))


def close_dispute(call: Call) -> Json:
    return _done(money.close_dispute, _dialect(call), _find(call, "dispute"), bool(call.body.get("won")))


def end_period(call: Call) -> Json:
    """The subscription's period is over now, without moving the clock for anybody else."""
    dialect, row = _dialect(call), _find(call, "subscription")
    item = row["items"]["data"][0]
    item["current_period_end"] = max(dialect.store.now(), item["current_period_start"] + 1)
    periods.roll(dialect, row)
    return cast(Json, public(row))


def end(call: Call) -> Json:
    """The subscription ends at once."""
    row = _find(call, "subscription")
    subscriptions.end(_dialect(call), row)
    return cast(Json, public(row))


def tell(call: Call) -> Json:
    """Says that the subscription was updated."""
    row = _find(call, "subscription")
    _dialect(call).events.fire("customer.subscription.updated", row)
    return cast(Json, public(row))


def objects(call: Call) -> list[Json]:
    """The objects of a kind, oldest first, or the newest `limit` of them: truth for tests."""
    rows = list(_dialect(call).store.kinds.get(call.parameter, {}).values())
    return [public(row) for row in rows[-int(call.number("limit", len(rows)) or 1) :]]


def signed(call: Call) -> Json:
    """Fires an event again under its own id (Stripe's "resend")."""
    event = _find(call, "event")
    _dialect(call).events.send(event)
    return cast(Json, public(event))


def edit(call: Call) -> Json:
    """Sets fields of any object behind everybody's back, without an event: seeds differences for tests."""
    body = _dialect(call).store.objects.get(call.parameter)
    if body is None:
        raise Wrong(f"no object {call.parameter}", 404)
    body |= call.body
    return cast(Json, public(body))
