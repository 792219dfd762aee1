"""Which credits are spent first, and how many are asked back."""

from collections.abc import Iterable

from billing.types import GrantSource, Part, Purse

#: Lower is spent first: what ends with the period before what was given, before what was bought and never ends.
PRIORITIES: dict[GrantSource, int] = {
    GrantSource.PLAN: 10,
    GrantSource.PROMO: 20,
    GrantSource.MANUAL: 20,
    GrantSource.PACK: 50,
}


def spendable(purses: Iterable[Purse]) -> int:
    return sum(purse.remaining for purse in purses)


def burn(purses: Iterable[Purse], quantity: int) -> list[Part]:
    """Take `quantity`, or what there is, from purses in their order."""
    parts: list[Part] = []
    for purse in purses:
        taken = min(purse.remaining, quantity)
        if taken > 0:
            parts.append(Part(purse.grant, taken))
            quantity -= taken
    return parts


def total(parts: Iterable[Part]) -> int:
    return sum(part.amount for part in parts)


def to_claw_back(*, credits: int, refunded_minor: int, paid_minor: int, already: int) -> int:
    """Credits to ask back for a charge of which so much was refunded in all; below 0: to give back.

    `ceil(credits × refunded / paid) − already`.
    """
    if not 0 <= refunded_minor <= paid_minor or paid_minor <= 0:
        raise ValueError("a refund lies between nothing and what was paid")
    return -(-credits * refunded_minor // paid_minor) - already
