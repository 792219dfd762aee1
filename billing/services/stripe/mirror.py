"""dj-stripe's rows of what we have seen: a copy for staff and for reconciliation. Nothing is decided on it.

Its own transaction may ask Stripe for related objects: the one place in the product where that happens, bounded by the
client's time limits, with nothing of ours locked.
"""

from typing import Any

import stripe
import structlog
from django.apps import apps
from django.conf import settings
from django.db import Error as DatabaseError

from billing.gateways.base import Kind
from billing.gateways.stripe import translated
from billing.types import Remote
from huntaze.kernel import metrics
from huntaze.kernel.outbox import assert_no_transaction

log = structlog.get_logger(__name__)

#: Our kind, the SDK's class and the mirror's model.
_NAMES: dict[Kind, tuple[str, str]] = {
    Kind.CUSTOMER: ("Customer", "Customer"),
    Kind.SUBSCRIPTION: ("Subscription", "Subscription"),
    Kind.INVOICE: ("Invoice", "Invoice"),
    Kind.SESSION: ("checkout.Session", "Session"),
    Kind.CHARGE: ("Charge", "Charge"),
    Kind.DISPUTE: ("Dispute", "Dispute"),
    Kind.PRICE: ("Price", "Price"),
    Kind.PRODUCT: ("Product", "Product"),
}


def mirrored(name: str) -> Any:
    """A model of the mirror by its name."""
    return apps.get_model("djstripe", name)


def keep(things: list[tuple[Kind, Remote]]) -> None:
    """Write the copies. A copy that fails is counted and left for reconciliation: the truth must not wait for it."""
    if not settings.STRIPE_MIRROR:
        return
    assert_no_transaction()
    for kind, thing in things:
        if kind in _NAMES:
            _keep(kind, thing)


def _keep(kind: Kind, thing: Remote) -> None:
    sdk, model = _NAMES[kind]
    cls = stripe.checkout.Session if sdk == "checkout.Session" else getattr(stripe, sdk)
    key = settings.STRIPE_SECRET_KEY
    try:
        mirrored(model).sync_from_stripe_data(cls.construct_from(thing.raw, key), api_key=key)
    except stripe.StripeError as error:
        _failed(kind, translated(error, is_write=False).code)
    except (DatabaseError, ValueError, TypeError, KeyError, AttributeError) as error:
        _failed(kind, type(error).__name__)


def _failed(kind: Kind, code: str) -> None:
    metrics.STRIPE_MIRROR_FAILURES.labels(kind.value).inc()
    log.warning("billing.stripe.mirror_failed", kind=kind.value, code=code)
