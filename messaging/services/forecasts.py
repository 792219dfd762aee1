"""When a message would go out if it were queued now; the same figures that its receipt will promise."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import PlatformAccount
from huntaze.kernel.limiter import Outlook
from messaging.rules import estimates, lanes
from messaging.services import limits


@dataclass(frozen=True, slots=True)
class Forecast:
    """`at` is the estimate, `before` how many messages leave first; `is_known` is False while Redis can't tell.

    `before` stops at COUNTED: behind a longer queue the message leaves at `at` or later.
    """

    at: datetime
    before: int
    is_known: bool
    is_planned: bool


def forecast(
    *,
    account: PlatformAccount,
    priority: int,
    scheduled_at: datetime | None,
    now: datetime,
    known: Outlook | None = None,
) -> Forecast:
    """`known` is the account's outlook where the caller has just read it."""
    lane = lanes.lane_of(priority)
    found = limits.prospect(account.pk, lane=lane, priority=priority, known=known)
    wait = estimates.wait_seconds(limit=limits.limit(), outlook=found.outlook, lane=lane, before=found.before)
    due = max(scheduled_at or now, now)
    return Forecast(max(due, now + timedelta(seconds=wait)), found.before, found.is_known, due > now)
