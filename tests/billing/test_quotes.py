"""What something would cost: balance before and after, and which grants pay."""

from datetime import UTC, datetime

import pytest

from billing.rules.quotes import Share, quote
from billing.types import Access, Purse, Standing, Unit

START, END = datetime(2026, 3, 15, tzinfo=UTC), datetime(2026, 4, 15, tzinfo=UTC)


def purse(key: int, source: str, remaining: int, ends: datetime | None) -> Purse:
    return Purse(key, source, 100, remaining, 0, START if source == "plan" else None, ends)


def standing(limit: int | None) -> Standing:
    return Standing("pro", Access.FULL, START, END, True, {"messages": limit})


@pytest.mark.parametrize(
    ("cost", "limit", "debt", "expected"),
    [
        (7, 100, 0, (60, 53, 0, (Share("plan", 7, END),))),
        (12, 100, 0, (60, 48, 0, (Share("plan", 10, END), Share("pack", 2, None)))),
        (61, 100, 0, (60, 0, 1, (Share("plan", 10, END), Share("pack", 50, None)))),
        # the plan was raised and has 20 more to give: they are spent before the pack
        (35, 120, 0, (80, 45, 0, (Share("plan", 30, END), Share("pack", 5, None)))),
        # of what it has to give, a debt is paid first
        (35, 120, 15, (65, 30, 0, (Share("plan", 15, END), Share("pack", 20, None)))),
        (35, 120, 90, (60, 25, 0, (Share("plan", 10, END), Share("pack", 25, None)))),
    ],
)
def test_a_quote_names_what_pays(cost: int, limit: int, debt: int, expected: tuple[object, ...]) -> None:
    purses = [purse(1, "plan", 10, END), purse(2, "pack", 50, None)]
    found = quote(purses, standing(limit), Unit.MESSAGE, cost, debt=debt, is_unlimited=False)
    assert (found.available, found.after, found.missing, found.shares) == expected
    assert found.cost == cost


def test_without_a_limit_nothing_is_missing() -> None:
    found = quote([], standing(None), Unit.MESSAGE, 9, debt=0, is_unlimited=True)
    assert (found.available, found.after, found.missing) == (None, None, 0)
    assert found.shares == (Share("plan", 9, END),)
