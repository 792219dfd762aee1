"""Stripe through its own SDK: addresses, time limits, errors. Answers are read as plain JSON, never as its objects."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import stripe

from billing.gateways.base import Kind
from billing.gateways.stripe_shapes import Json, shaped
from billing.types import Remote
from huntaze.platforms.errors import Permanent, PlatformError, Transient, Uncertain

#: Seconds to connect, and to answer.
TIMEOUTS = (3, 10)
TOLERANCE_SECONDS = 300

PATHS: dict[Kind, str] = {
    Kind.CUSTOMER: "/v1/customers",
    Kind.SUBSCRIPTION: "/v1/subscriptions",
    Kind.SCHEDULE: "/v1/subscription_schedules",
    Kind.INVOICE: "/v1/invoices",
    Kind.INVOICE_PAYMENT: "/v1/invoice_payments",
    Kind.PREVIEW: "/v1/invoices/create_preview",
    Kind.SESSION: "/v1/checkout/sessions",
    Kind.PORTAL: "/v1/billing_portal/sessions",
    Kind.CHARGE: "/v1/charges",
    Kind.REFUND: "/v1/refunds",
    Kind.DISPUTE: "/v1/disputes",
    Kind.PRODUCT: "/v1/products",
    Kind.PRICE: "/v1/prices",
    Kind.EVENT: "/v1/events",
    Kind.PAYMENT_METHOD: "/v1/payment_methods",
}
#: What is fetched along with an object, because we decide on it.
EXPAND: dict[Kind, list[str]] = {
    Kind.CUSTOMER: ["invoice_settings.default_payment_method"],
    Kind.SUBSCRIPTION: ["latest_invoice"],
}


@dataclass(frozen=True, slots=True)
class StripeConfig:
    """What the gateway needs from settings."""

    key: str = ""
    base: str = "https://api.stripe.com"
    version: str = "2026-08-26.dahlia"


class StripeGateway:
    def __init__(self, config: StripeConfig) -> None:
        self._client = stripe.StripeClient(
            config.key or "sk_test_none",
            base_addresses={"api": config.base},
            stripe_version=config.version,
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=TIMEOUTS),
        )
        self._has_key = bool(config.key)

    def fetch(self, kind: Kind, name: str) -> Remote:
        expand = {"expand": EXPAND[kind]} if kind in EXPAND else {}
        return shaped(kind, self._call("get", f"{PATHS[kind]}/{name}", **expand))

    def create(self, kind: Kind, *, key: str, **data: Any) -> Remote:
        return shaped(kind, self._call("post", PATHS[kind], idempotency_key=key, **_expanded(kind, data)))

    def update(self, kind: Kind, name: str, *, key: str, **data: Any) -> Remote:
        deed = data.pop("deed", "")
        path = f"{PATHS[kind]}/{name}" + (f"/{deed}" if deed else "")
        return shaped(kind, self._call("post", path, idempotency_key=key, **_expanded(kind, data)))

    def list(self, kind: Kind, *, most: int = 100, **filters: Any) -> list[Remote]:
        expand = {"expand": [f"data.{path}" for path in EXPAND[kind]]} if kind in EXPAND else {}
        found: list[Json] = []
        after: Json = {}
        while len(found) < most:
            page = self._call("get", PATHS[kind], limit=min(100, most), **filters, **expand, **after)
            found += page["data"]
            if not page["has_more"] or not page["data"]:
                break
            after = {"starting_after": page["data"][-1]["id"]}
        return [shaped(kind, body) for body in found[:most]]

    def _call(self, method: str, path: str, **params: Any) -> Json:
        if not self._has_key:
            raise Permanent("not_configured")
        try:
            answer: Json = self._client.raw_request(method, path, **params).data
        except stripe.StripeError as error:
            raise translated(error, is_write=method != "get") from error
        except ValueError as error:  # not JSON
            raise (Uncertain if method != "get" else Transient)("unreadable") from error
        if not isinstance(answer, dict):
            raise (Uncertain if method != "get" else Transient)("unreadable")
        return answer


def _expanded(kind: Kind, data: Json) -> Json:
    return {**data, "expand": EXPAND[kind]} if kind in EXPAND else data


def translated(error: stripe.StripeError, *, is_write: bool) -> PlatformError:
    """One of our three errors. A write that broke off may have happened: its key makes a repeat harmless."""
    status, code = error.http_status or 0, error.code or ""
    if isinstance(error, stripe.RateLimitError) or status == 429:
        return Transient("rate_limited", retry_after=_retry_after(error))
    if code in ("lock_timeout", "idempotency_key_in_use") or status == 409:
        return Transient("locked")
    if isinstance(error, stripe.APIConnectionError) or status >= 500:
        return Uncertain("no_answer") if is_write else Transient("no_answer")
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        return Permanent("auth")
    if isinstance(error, stripe.CardError):
        return Permanent("card_declined")
    if isinstance(error, stripe.IdempotencyError):
        return Permanent("idempotency")
    if isinstance(error, stripe.APIError):
        return Uncertain("unreadable") if is_write else Transient("unreadable")
    return Permanent(code or "invalid_request")


def _retry_after(error: stripe.StripeError) -> float | None:
    headers: Any = error.headers or {}
    try:
        return float(headers.get("retry-after") or headers.get("Retry-After"))
    except (TypeError, ValueError):
        return None


def signature_is_valid(body: bytes, header: str, secrets: list[str]) -> bool:
    """Whether one of our secrets signed the body within the last five minutes."""
    if not header.isascii():  # the SDK's comparison knows only ASCII
        return False
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    for secret in secrets:
        try:
            stripe.WebhookSignature.verify_header(text, header, secret, TOLERANCE_SECONDS)
        except (stripe.SignatureVerificationError, ValueError):
            continue
        return True
    return False


@lru_cache(maxsize=4)
def gateway(config: StripeConfig) -> StripeGateway:
    """One client a process and configuration: connections are kept."""
    return StripeGateway(config)


Gateway = Callable[[], StripeGateway]
