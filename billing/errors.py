"""Refusals of billing. Spent allowances and missing plans are the kernel's: every app raises them."""

from datetime import datetime

from huntaze.kernel.errors import Conflict, ReadOnly, Unavailable, UsageLimitExceeded


class CreditsExhausted(UsageLimitExceeded):
    """`needed` more than `available`; the answer also says limit, used and reset_date of the plan's allowance."""

    code = "credits_exhausted"

    def __init__(
        self, *, needed: int, available: int, limit: int, used: int, resets_at: datetime | None
    ) -> None:
        self.needed, self.available = needed, available
        super().__init__(needed=needed, available=available, limit=limit, used=used, reset_date=resets_at)


class ReadOnlyAccess(ReadOnly):
    """The subscription is unpaid for too long: nothing is spent until it is paid."""

    def __init__(self) -> None:
        super().__init__(reason="billing")


class StripeAway(Unavailable):
    """The payment processor can't be reached now, or is not set up (`reason`)."""

    code = "payments_unavailable"
    message = "Service temporarily unavailable"


class PackUnpriced(Unavailable):
    """The operator has set no price for this pack yet."""

    message = "Service temporarily unavailable"

    def __init__(self) -> None:
        super().__init__(code="pack_price_missing", reason="pack_price_missing", retry_after=3600)


class AlreadySubscribed(Conflict):
    """There is a living subscription: change it instead."""

    code = "already_subscribed"
    message = "Already subscribed"


class NoSubscription(Conflict):
    """There is no living subscription to change."""

    code = "no_subscription"
    message = "There is no subscription to change"


class NoChange(Conflict):
    """This is the plan already, or a change that can't be made now."""

    code = "no_change"
    message = "This is the plan already"


class PaymentRefused(Conflict):
    """The card was declined: nothing changed."""

    code = "payment_refused"
    message = "The payment was declined"


class NothingToRefund(Conflict):
    """This was not paid, or is given back already."""

    code = "nothing_to_refund"
    message = "There is nothing to refund"
