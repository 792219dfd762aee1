"""Owns which handler answers which address."""

from collections.abc import Callable
from typing import Any

from . import catalogue, changes, checkout, money, periods, schedules, subscriptions
from .core import Request
from .money import many_of, one_of

Handler = Callable[[Request], Any]

ROUTES: dict[tuple[str, str], Handler] = {
    ("GET", "account"): catalogue.account,
    ("GET", "accounts/*"): catalogue.account,
    ("POST", "products"): catalogue.create_product,
    ("GET", "products"): many_of("product", "active"),
    ("GET", "products/*"): one_of("product"),
    ("POST", "products/*"): catalogue.update_product,
    ("GET", "products/*/features"): catalogue.none_of,
    ("POST", "prices"): catalogue.create_price,
    ("GET", "prices"): catalogue.list_prices,
    ("GET", "prices/*"): one_of("price"),
    ("POST", "prices/*"): catalogue.update_price,
    ("POST", "customers"): catalogue.create_customer,
    ("GET", "customers"): many_of("customer", "email"),
    ("GET", "customers/*"): one_of("customer"),
    ("POST", "customers/*"): catalogue.update_customer,
    ("DELETE", "customers/*"): catalogue.delete_customer,
    ("GET", "customers/*/sources"): catalogue.none_of,
    ("GET", "customers/*/tax_ids"): catalogue.none_of,
    ("GET", "payment_methods"): catalogue.list_cards,
    ("GET", "payment_methods/*"): one_of("payment_method"),
    ("POST", "payment_methods/*/attach"): catalogue.attach_card,
    ("POST", "payment_methods/*/detach"): catalogue.detach_card,
    ("POST", "checkout/sessions"): checkout.create,
    ("GET", "checkout/sessions"): checkout.listed,
    ("GET", "checkout/sessions/*"): one_of("checkout.session"),
    ("POST", "checkout/sessions/*/expire"): checkout.expire,
    ("POST", "billing_portal/sessions"): checkout.portal,
    ("POST", "subscriptions"): subscriptions.create,
    ("GET", "subscriptions"): subscriptions.listed,
    ("GET", "subscriptions/*"): one_of("subscription"),
    ("POST", "subscriptions/*"): changes.update,
    ("DELETE", "subscriptions/*"): subscriptions.cancel,
    ("POST", "subscription_schedules"): schedules.create,
    ("GET", "subscription_schedules/*"): one_of("subscription_schedule"),
    ("POST", "subscription_schedules/*"): schedules.update,
    ("POST", "subscription_schedules/*/release"): schedules.release,
    ("POST", "invoices/create_preview"): changes.preview,
    ("GET", "invoices"): money.list_invoices,
    ("GET", "invoices/*"): one_of("invoice"),
    ("POST", "invoices/*/pay"): periods.pay_invoice,
    ("POST", "invoices/*/void"): money.void_invoice,
    ("GET", "invoice_payments"): money.list_invoice_payments,
    ("GET", "payment_intents"): many_of("payment_intent", "customer"),
    ("GET", "payment_intents/*"): one_of("payment_intent"),
    ("GET", "charges"): many_of("charge", "customer", "payment_intent"),
    ("GET", "charges/*"): one_of("charge"),
    ("POST", "refunds"): money.create_refund,
    ("GET", "refunds"): many_of("refund", "charge", "payment_intent"),
    ("GET", "refunds/*"): one_of("refund"),
    ("GET", "disputes"): many_of("dispute", "charge"),
    ("GET", "disputes/*"): one_of("dispute"),
    ("GET", "events"): many_of("event", "type"),
    ("GET", "events/*"): one_of("event"),
    ("POST", "webhook_endpoints"): catalogue.create_endpoint,
    ("GET", "webhook_endpoints"): many_of("webhook_endpoint"),
    ("DELETE", "webhook_endpoints/*"): catalogue.delete_endpoint,
}


def find(method: str, parts: list[str]) -> tuple[Handler | None, list[str]]:
    """The handler of a path below /v1, and what stood in the places of `*`."""
    exact = ROUTES.get((method, "/".join(parts)))
    if exact is not None:
        return exact, []
    for (wanted, pattern), handler in ROUTES.items():
        steps = pattern.split("/")
        if wanted == method and len(steps) == len(parts):
            pairs = list(zip(steps, parts, strict=True))
            if all(step in ("*", part) for step, part in pairs):
                return handler, [part for step, part in pairs if step == "*"]
    return None, []
