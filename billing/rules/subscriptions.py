"""Which of a customer's subscriptions counts, and what a checkout may still ask for."""

from collections.abc import Sequence

from billing.types import RemoteSubscription

#: The best first: a living one wins over an ended one.
_ORDER = (
    "active",
    "trialing",
    "past_due",
    "paused",
    "unpaid",
    "incomplete",
    "canceled",
    "incomplete_expired",
)
KNOWN = frozenset(_ORDER)
#: Paid for, or about to be: a second one of these would charge twice.
LIVING = frozenset({"active", "trialing", "past_due", "paused", "unpaid"})


def chosen(rows: Sequence[RemoteSubscription]) -> RemoteSubscription | None:
    """The living one, then the newest; a word that we don't know counts as living."""
    ranks = {status: rank for rank, status in enumerate(_ORDER)}
    return min(
        rows, key=lambda row: (ranks.get(row.status, 0), -row.created_at.timestamp(), row.id), default=None
    )


def living(rows: Sequence[RemoteSubscription]) -> int:
    """How many of them are living; more than one charges twice."""
    return sum(row.status in LIVING for row in rows)
