"""What the plan gives, when it is first asked for in a period: so nobody waits for news of a payment."""

from collections.abc import Sequence
from datetime import datetime

from accounts.services.audit import Actor
from billing.rules.allowance import given, owed
from billing.services.ledger import grants
from billing.services.ledger.book import Book
from billing.types import GrantSource, Purse, Standing


def top_up(
    book: Book, purses: Sequence[Purse], standing: Standing, needed: int, now: datetime
) -> Sequence[Purse]:
    """Give what the plan still owes for the period; returns the purses as they are then."""
    missing = owed(purses, standing, book.unit, needed)
    if missing <= 0:
        return purses
    start = standing.period_start
    grants.give(
        book,
        amount=missing,
        source=GrantSource.PLAN,
        key=f"plan:{book.workspace}:{book.unit}:{start.isoformat()}:{given(purses, standing)}",
        now=now,
        actor=Actor.system(),
        expires_at=standing.period_end,
        period_start=start,
        ref=standing.plan,
    )
    return book.purses(now)
