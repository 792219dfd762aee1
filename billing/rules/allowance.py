"""How many credits a plan still owes in a period."""

from collections.abc import Sequence

from billing.rules import credits
from billing.rules.features import FEATURE_OF
from billing.types import Purse, Standing

#: Without a limit the books are still kept: so many credits are granted at a time.
BLOCK = 100_000


def owed(purses: Sequence[Purse], standing: Standing, unit: str, needed: int) -> int:
    """How many credits the plan has still to give in this period; where there is no limit, for `needed` of them.

    A raised limit is given in the same period, a lowered one takes nothing back.
    """
    if not standing.is_renewing:
        return 0
    limit = standing.limits.get(FEATURE_OF[unit], 0)
    if limit is None:
        missing = needed - credits.spendable(purses)
        return max(missing, BLOCK) if missing > 0 else 0
    return max(0, limit - given(purses, standing))


def to_come(owed: int, debt: int) -> int:
    """What can be spent of credits that the plan has still to give: a debt is paid first."""
    return max(0, owed - debt)


def given(purses: Sequence[Purse], standing: Standing) -> int:
    """What the plan gave in this period."""
    return sum(purse.amount for purse in purses if purse.period_start == standing.period_start)
