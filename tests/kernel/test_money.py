"""Money: whole minor units, rounded half to even, and never through a float."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntaze.kernel.money import Money, to_minor


@given(st.integers(-(10**15), 10**15), st.sampled_from(["USD", "EUR", "JPY"]))
def test_minor_units_survive_the_round_trip(minor: int, currency: str) -> None:
    assert to_minor(Money(minor, currency).amount, currency) == minor


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12.50", "USD", 1250),
        ("12", "USD", 1200),
        (12, "USD", 1200),
        (Decimal("0.005"), "USD", 0),
        (Decimal("0.015"), "USD", 2),
        (Decimal("0.025"), "USD", 2),
        ("-0.015", "USD", -2),
        ("1e2", "USD", 10000),
        ("500", "JPY", 500),
        ("2.5", "JPY", 2),
        ("3.5", "JPY", 4),
        ("19.99", "EUR", 1999),
        ("0E+999999", "USD", 0),
        ("1E-999999", "USD", 0),
    ],
)
def test_amounts_become_minor_units(amount: Decimal | str | int, currency: str, minor: int) -> None:
    assert to_minor(amount, currency) == minor


@pytest.mark.parametrize(
    "amount", ["", "twelve", "1,5", "NaN", "sNaN", "Infinity", "-Infinity", "1e30", "1E+999999", 1.5]
)
def test_what_is_not_an_amount_is_a_value_error(amount: object) -> None:
    with pytest.raises(ValueError, match=r"amount|float"):
        to_minor(amount, "USD")  # type: ignore[arg-type]


@given(st.text(max_size=20))
def test_any_text_is_an_amount_or_a_value_error(text: str) -> None:
    try:
        minor = to_minor(text, "USD")
    except ValueError:
        return
    assert isinstance(minor, int)


def test_it_reads_as_amount_and_currency() -> None:
    assert str(Money(1250, "USD")) == "12.50 USD"
    assert str(Money(500, "JPY")) == "500 JPY"
    assert str(Money(-5, "EUR")) == "-0.05 EUR"
