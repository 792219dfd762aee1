"""The figures of the queue as the API and the page show them."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from huntaze.kernel import breaker, clock
from huntaze.kernel.breaker_rules import State as BreakerState
from huntaze.platforms.onlyfansapi import VENDOR
from messaging import selectors
from messaging.selectors import COUNTED
from messaging.services import circuits, limits
from messaging.types import QueueFigures

#: More dead letters, or a queued row later than its promise by more than this, is a degraded queue.
TOLERATED_DEAD_LETTERS = 10
TOLERATED_DELAY = timedelta(minutes=10)


def rate_limit_text() -> str:
    """The default limit in words; the contract's own wording for the contract's own limit."""
    limit = limits.limit()
    if limit.window == 60:
        return f"{limit.count} messages/minute"
    return f"{limit.count} messages/{limit.window:g} seconds"


def queue_status(
    *, account_pks: Sequence[int] | None, reach: frozenset[int] | None = None, now: datetime
) -> dict[str, Any]:
    """The body of `GET /api/onlyfans/messaging/status` for these accounts, or for all of the creators in `reach` (None:
    of the workspace); every figure is read from the rows."""
    figures = selectors.queue_figures(account_pks, reach)
    state, sentence = _health(figures, now)
    last = figures.last_sent_at
    return {
        "queue": {
            "depth": figures.depth,
            "in_flight": figures.in_flight,
            "dlq_count": figures.dead_letters,
            "total": figures.depth
            + figures.in_flight
            + figures.scheduled
            + figures.uncertain
            + figures.dead_letters,
        },
        "processing": {
            "estimated_time_seconds": _seconds_left(figures, now),
            "rate_limit": rate_limit_text(),
            "last_processed_at": clock.iso(last) if last else None,
        },
        "health": {"status": state, "message": sentence},
        "timestamp": clock.iso(now),
    }


def _seconds_left(figures: QueueFigures, now: datetime) -> int:
    """Until the longest queue is empty. One that is too long to be counted ends when its last message was promised."""
    limit = limits.limit()
    rounds = math.ceil(figures.longest_account_depth / limit.count)
    seconds = max(0, rounds - 1) * limit.window
    if figures.depth >= COUNTED and figures.last_promise_at is not None:
        seconds = max(seconds, (figures.last_promise_at - now).total_seconds())
    return math.ceil(seconds)


def _health(figures: QueueFigures, now: datetime) -> tuple[str, str]:
    if figures.is_stopped:
        return "unhealthy", "Sending is stopped for everybody by the operator."
    if figures.is_unpaid:
        return "unhealthy", "The subscription is unpaid: messages wait until it is paid on the billing page."
    if figures.accounts and not figures.able:
        return "unhealthy", "No account can send: reconnect or resume one."
    if breaker.states([VENDOR])[VENDOR] is not BreakerState.CLOSED:
        return "degraded", "OnlyFansAPI is failing: messages wait until it answers again."
    if circuits.troubled(figures.able):
        return "degraded", "Messages of an account keep failing: they wait until a trial gets through."
    if figures.dead_letters > TOLERATED_DEAD_LETTERS:
        return "degraded", "Many messages failed: look at the dead-letter list."
    if figures.is_short_of_credits:
        return "degraded", "A campaign waits for message credits: buy a pack or change the plan."
    if figures.first_promise_at is not None and now - figures.first_promise_at > TOLERATED_DELAY:
        return "degraded", "Messages are going out later than promised."
    if figures.connected < figures.accounts:
        return "degraded", "An account needs to be reconnected."
    if len(figures.able) < figures.accounts:
        return "degraded", "An account is paused."
    return "healthy", "Messages go out as promised."
