"""What something would cost, and which credits would pay for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.rules import credits
from billing.types import GrantSource, Purse, Standing


@dataclass(frozen=True, slots=True)
class Share:
    """So many credits of one source; `expires_at` null never ends."""

    source: str
    amount: int
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Quote:
    """`available` before and `after`; null where there is no limit. `missing` credits are not there: so many are not
    paid for."""

    cost: int
    available: int | None
    after: int | None
    missing: int
    shares: tuple[Share, ...]


def quote(
    purses: Sequence[Purse], standing: Standing, cost: int, *, coming: int, is_unlimited: bool
) -> Quote:
    """What `cost` credits would leave and from which grants they would come, in the order in which they are spent.
    `coming` is what the plan has still to give in this period, less the debt that it pays first."""
    available = credits.spendable(purses) + coming
    found = [*purses]
    if coming:
        plan = Purse(0, GrantSource.PLAN, coming, coming, 0, standing.period_start, standing.period_end)
        found.append(plan)
        found.sort(key=lambda one: credits.PRIORITIES[GrantSource(one.source)])
    parts = credits.burn(found, cost)
    by_key = {purse.grant: purse for purse in found}
    shares: dict[tuple[str, datetime | None], int] = {}
    for part in parts:
        purse = by_key[part.grant]
        shares[purse.source, purse.expires_at] = shares.get((purse.source, purse.expires_at), 0) + part.amount
    missing = 0 if is_unlimited else max(0, cost - available)
    return Quote(
        cost=cost,
        available=None if is_unlimited else available,
        after=None if is_unlimited else max(0, available - cost),
        missing=missing,
        shares=tuple(Share(source, amount, ends) for (source, ends), amount in shares.items()),
    )
