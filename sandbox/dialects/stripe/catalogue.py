"""Owns products, prices, customers, payment methods, the account and the webhook endpoints."""

from typing import Any

from ...http import Json
from . import subscriptions
from .core import Request, invalid, listing, missing, public, whole
from .forms import is_true

CARDS = {
    "pm_card_visa": ("visa", "4242", "ok"),
    "pm_card_mastercard": ("mastercard", "4444", "ok"),
    "pm_card_chargeDeclined": ("visa", "0002", "declined"),
    "pm_card_chargeCustomerFail": ("visa", "0341", "declined"),
    "pm_card_authenticationRequired": ("visa", "3220", "authentication"),
}


def account(request: Request) -> Json:
    return {
        "id": "acct_sandbox0000000001",
        "object": "account",
        "business_profile": {"name": "Huntaze"},
        "charges_enabled": True,
        "country": "FR",
        "default_currency": "usd",
        "details_submitted": True,
        "email": "billing@example.com",
        "payouts_enabled": True,
        "settings": {
            "dashboard": {"display_name": "Sandbox"},
            "payments": {"statement_descriptor": "HUNTAZE"},
        },
        "type": "standard",
    }


# products and prices -----------------------------------------------------------------------------


def create_product(request: Request) -> Json:
    form, store = request.form, request.store
    body = store.new(
        "product",
        "prod",
        active=is_true(form.get("active", "true")),
        default_price=None,
        description=form.get("description"),
        images=[],
        marketing_features=[],
        metadata=form.get("metadata", {}),
        name=request.need("name"),
        package_dimensions=None,
        shippable=None,
        statement_descriptor=form.get("statement_descriptor"),
        tax_code=None,
        type="service",
        unit_label=None,
        updated=store.now(),
        url=None,
    )
    request.dialect.events.fire("product.created", body)
    return body


def update_product(request: Request) -> Json:
    body = request.store.get("product", request.names[0])
    body |= {name: request.form[name] for name in ("name", "description") if name in request.form}
    body["metadata"] = body["metadata"] | request.form.get("metadata", {})
    if "active" in request.form:
        body["active"] = is_true(request.form["active"])
    request.dialect.events.fire("product.updated", body)
    return body


def create_price(request: Request) -> Json:
    form, store = request.form, request.store
    store.get("product", request.need("product"), "product")
    lookup = form.get("lookup_key")
    for other in store.find("price", lookup_key=lookup) if lookup else []:
        if not is_true(form.get("transfer_lookup_key", "false")):
            raise invalid(
                f"A price (`{other['id']}`) already uses that lookup key.",
                "lookup_key",
                "resource_already_exists",
            )
        other["lookup_key"] = None
    recurring = form.get("recurring")
    if recurring and recurring.get("interval") not in ("day", "week", "month", "year"):
        raise invalid("Invalid recurring[interval]", "recurring[interval]")
    body = store.new(
        "price",
        "price",
        active=is_true(form.get("active", "true")),
        billing_scheme="per_unit",
        currency=str(request.need("currency")).lower(),
        custom_unit_amount=None,
        lookup_key=lookup,
        metadata=form.get("metadata", {}),
        nickname=form.get("nickname"),
        product=form["product"],
        recurring={
            "interval": recurring["interval"],
            "interval_count": int(recurring.get("interval_count", 1)),
            "trial_period_days": None,
            "usage_type": "licensed",
            "meter": None,
        }
        if recurring
        else None,
        tax_behavior=form.get("tax_behavior", "unspecified"),
        tiers_mode=None,
        transform_quantity=None,
        type="recurring" if recurring else "one_time",
        unit_amount=whole(request.need("unit_amount"), "unit_amount"),
        unit_amount_decimal=str(form["unit_amount"]),
    )
    request.dialect.events.fire("price.created", body)
    return body


def update_price(request: Request) -> Json:
    body = request.store.get("price", request.names[0])
    if "active" in request.form:
        body["active"] = is_true(request.form["active"])
    if "nickname" in request.form:
        body["nickname"] = request.form["nickname"]
    body["metadata"] = body["metadata"] | request.form.get("metadata", {})
    request.dialect.events.fire("price.updated", body)
    return body


def list_prices(request: Request) -> Json:
    rows, form = request.store.find("price"), request.form
    if keys := form.get("lookup_keys"):
        rows = [row for row in rows if row["lookup_key"] in keys]
    if "product" in form:
        rows = [row for row in rows if row["product"] == form["product"]]
    if "active" in form:
        rows = [row for row in rows if row["active"] is is_true(form["active"])]
    return request.store.page(rows, form, "/v1/prices")


def none_of(request: Request) -> Json:
    """A list that this imitation keeps empty."""
    return listing([], request.path)


# customers and cards -----------------------------------------------------------------------------


def create_customer(request: Request) -> Json:
    form, store = request.form, request.store
    body = store.new(
        "customer",
        "cus",
        address=form.get("address"),
        balance=0,
        currency=None,
        default_source=None,
        delinquent=False,
        description=form.get("description"),
        discount=None,
        email=form.get("email"),
        invoice_prefix=store.name("p")[-8:].upper(),
        invoice_settings={"custom_fields": None, "default_payment_method": None, "footer": None},
        metadata=form.get("metadata", {}),
        name=form.get("name"),
        phone=None,
        preferred_locales=form.get("preferred_locales", []),
        shipping=None,
        tax_exempt="none",
    )
    request.dialect.events.fire("customer.created", body)
    if method := form.get("payment_method"):
        body["invoice_settings"]["default_payment_method"] = attach(request, method, body)["id"]
    return body


def update_customer(request: Request) -> Json:
    body, form = request.store.get("customer", request.names[0]), request.form
    if "deleted" in body:
        raise missing("customer", request.names[0])
    for name in ("email", "name", "description", "address", "preferred_locales"):
        if name in form:
            body[name] = form[name]
    body["metadata"] = body["metadata"] | form.get("metadata", {})
    if method := form.get("invoice_settings", {}).get("default_payment_method"):
        body["invoice_settings"]["default_payment_method"] = card(request, method)["id"]
    request.dialect.events.fire("customer.updated", body)
    return body


def delete_customer(request: Request) -> Json:
    body = request.store.get("customer", request.names[0])
    for row in request.store.find("subscription", customer=body["id"]):
        if row["status"] != "canceled":
            subscriptions.end(request.dialect, row)
    request.dialect.events.fire("customer.deleted", body)
    kept = {name: body[name] for name in ("id", "object")}
    body.clear()
    body |= kept | {"deleted": True, "created": 0}
    return {**kept, "deleted": True}


def card(request: Request, name: str) -> Json:
    """A card by its id; the test tokens of Stripe make a new one."""
    if name in CARDS:
        return new_card(request, name)
    return request.store.get("payment_method", name, "payment_method")


def new_card(request: Request, token: str, **more: Any) -> Json:
    brand, last4, outcome = CARDS[token]
    return request.store.new(
        "payment_method",
        "pm",
        allow_redisplay="always",
        billing_details={"address": None, "email": None, "name": None, "phone": None},
        card={
            "brand": brand,
            "country": "FR",
            "exp_month": 12,
            "exp_year": 2034,
            "funding": "credit",
            "last4": last4,
            "wallet": None,
        },
        customer=None,
        metadata={},
        type="card",
        _outcome=outcome,
        **more,
    )


def attach(request: Request, name: str, customer: Json) -> Json:
    body = card(request, name)
    body["customer"] = customer["id"]
    request.dialect.events.fire("payment_method.attached", body)
    return body


def attach_card(request: Request) -> Json:
    customer = request.store.get("customer", request.need("customer"), "customer")
    return attach(request, request.names[0], customer)


def detach_card(request: Request) -> Json:
    body = request.store.get("payment_method", request.names[0])
    owner = request.store.objects.get(body["customer"] or "")
    if owner and owner["invoice_settings"]["default_payment_method"] == body["id"]:
        owner["invoice_settings"]["default_payment_method"] = None
    body["customer"] = None
    request.dialect.events.fire("payment_method.detached", body)
    return body


def list_cards(request: Request) -> Json:
    form = request.form
    rows = request.store.find("payment_method", customer=form["customer"]) if "customer" in form else []
    return request.store.page(rows, form, "/v1/payment_methods")


# webhook endpoints -------------------------------------------------------------------------------


def create_endpoint(request: Request) -> Json:
    form = request.form
    url, events = request.need("url"), request.need("enabled_events")
    secret = request.dialect.secret
    endpoint = request.dialect.events.listen(url, secret, events)
    body = request.store.new(
        "webhook_endpoint",
        "we",
        api_version=form.get("api_version"),
        application=None,
        description=form.get("description"),
        enabled_events=events,
        metadata=form.get("metadata", {}),
        status="enabled",
        url=url,
        _endpoint=endpoint.id,
    )
    return {**public(body), "secret": secret}


def delete_endpoint(request: Request) -> Json:
    body = request.store.get("webhook_endpoint", request.names[0])
    events = request.dialect.events
    for endpoint in [row for row in events.endpoints if row.id == body["_endpoint"]]:
        events.endpoints.remove(endpoint)
        request.dialect.sandbox.hooks.remove(endpoint)
    del request.store.objects[body["id"]], request.store.kinds["webhook_endpoint"][body["id"]]
    return {"id": body["id"], "object": "webhook_endpoint", "deleted": True}
