"""What something would cost: balance before and after, and which grants pay."""

from datetime import UTC, datetime

import pytest

from billing.rules.allowance import to_come
from billing.rules.quotes import Share, quote
from billing.types import Access, Purse, Standing

START, END = datetime(2026, 3, 15, tzinfo=UTC), datetime(2026, 4, 15, tzinfo=UTC)


def purse(key: int, source: str, remaining: int, ends: datetime | None) -> Purse:
    return Purse(key, source, 100, remaining, 0, START if source == "plan" else None, ends)


STANDING = Standing("pro", Access.FULL, START, END, True, {})


@pytest.mark.parametrize(
    ("cost", "coming", "expected"),
    [
        (7, 0, (60, 53, 0, (Share("plan", 7, END),))),
        (12, 0, (60, 48, 0, (Share("plan", 10, END), Share("pack", 2, None)))),
        (61, 0, (60, 0, 1, (Share("plan", 10, END), Share("pack", 50, None)))),
        # what the plan has still to give is spent before the pack
        (35, 20, (80, 45, 0, (Share("plan", 30, END), Share("pack", 5, None)))),
    ],
)
def test_a_quote_names_what_pays(cost: int, coming: int, expected: tuple[object, ...]) -> None:
    purses = [purse(1, "plan", 10, END), purse(2, "pack", 50, None)]
    found = quote(purses, STANDING, cost, coming=coming, is_unlimited=False)
    assert (found.available, found.after, found.missing, found.shares) == expected
    assert found.cost == cost


def test_without_a_limit_nothing_is_missing() -> None:
    found = quote([], STANDING, 9, coming=100, is_unlimited=True)
    assert (found.available, found.after, found.missing) == (None, None, 0)
    assert found.shares == (Share("plan", 9, END),)


@pytest.mark.parametrize(("owed", "debt", "left"), [(20, 0, 20), (20, 15, 5), (20, 90, 0)])
def test_of_what_comes_a_debt_is_paid_first(owed: int, debt: int, left: int) -> None:
    assert to_come(owed, debt) == left
