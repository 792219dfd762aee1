"""What billing asks of a payment processor. Errors are those of huntaze.platforms.errors."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Protocol

from billing.types import Remote


class Kind(StrEnum):
    """What can be asked for."""

    CUSTOMER = "customer"
    SUBSCRIPTION = "subscription"
    SCHEDULE = "schedule"
    INVOICE = "invoice"
    INVOICE_PAYMENT = "invoice_payment"
    PREVIEW = "preview"
    SESSION = "session"
    PORTAL = "portal"
    CHARGE = "charge"
    REFUND = "refund"
    DISPUTE = "dispute"
    PRODUCT = "product"
    PRICE = "price"
    EVENT = "event"
    PAYMENT_METHOD = "payment_method"


class PaymentGateway(Protocol):
    """Blocking calls, each with a time limit and no retry of its own."""

    def fetch(self, kind: Kind, name: str) -> Remote:
        """The object as it is now; Permanent("resource_missing") when there is none."""
        ...

    def create(self, kind: Kind, *, key: str, **data: Any) -> Remote:
        """Make one; a repeat under the key gives the first answer. Uncertain when it may have been made."""
        ...

    def update(self, kind: Kind, name: str, *, key: str, **data: Any) -> Remote:
        """Change one (`deed` in data names a sub-resource such as `pay`)."""
        ...

    def list(self, kind: Kind, *, most: int = 100, **filters: Any) -> list[Remote]:
        """Up to `most` of them, newest first."""
        ...


#: Data as the processor takes it.
Data = Mapping[str, Any]
