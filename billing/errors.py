"""Refusals of billing. Spent allowances and missing plans are the kernel's: every app raises them."""

from datetime import datetime

from huntaze.kernel.errors import NotAllowed, UsageLimitExceeded


class CreditsExhausted(UsageLimitExceeded):
    """`needed` more than `available`; the answer also says limit, used and reset_date of the plan's allowance."""

    code = "credits_exhausted"

    def __init__(
        self, *, needed: int, available: int, limit: int, used: int, resets_at: datetime | None
    ) -> None:
        self.needed, self.available = needed, available
        super().__init__(needed=needed, available=available, limit=limit, used=used, reset_date=resets_at)


class ReadOnlyAccess(NotAllowed):
    """The subscription is unpaid for too long: nothing is spent until it is paid."""

    code = "billing"
    message = "This workspace is read-only until its subscription is paid"
