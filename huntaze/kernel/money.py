"""Money: whole minor units with a currency; never a float."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

#: Currencies whose minor unit is not a hundredth (ISO 4217).
EXPONENTS = {"JPY": 0, "KRW": 0}


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` units of `currency` (an ISO 4217 code)."""

    minor: int
    currency: str

    @property
    def amount(self) -> Decimal:
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


def exponent(currency: str) -> int:
    return EXPONENTS.get(currency, 2)


def to_minor(amount: Decimal | str | int, currency: str) -> int:
    """Minor units of a decimal amount, rounded half to even; raises ValueError for anything but a finite number,
    and for one of more than 28 digits."""
    if isinstance(amount, float):
        raise ValueError("money never passes through a float")
    try:
        value = Decimal(amount)
    except InvalidOperation as error:
        raise ValueError(f"not an amount: {amount!r}") from error
    if not value.is_finite():
        raise ValueError("not a finite amount")
    try:
        return int(value.scaleb(exponent(currency)).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
    except ArithmeticError as error:  # more digits than the decimal context holds
        raise ValueError("not an amount of money") from error
