"""Products and prices at Stripe, made from our rows and found again by their lookup keys.

Names are neutral: what Stripe, banks and receipts show is software and credits.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from billing.gateways.base import Kind
from billing.models import MessagePack, PlanPrice
from billing.services.stripe import calls
from billing.types import Remote, RemotePrice


@dataclass(frozen=True, slots=True)
class Item:
    """A price as our rows say it should be."""

    lookup_key: str
    name: str
    amount_minor: int
    currency: str
    interval: str


@dataclass(frozen=True, slots=True)
class Difference:
    """`what` is missing, amount, currency or interval."""

    lookup_key: str
    what: str


def items() -> list[Item]:
    """Everything that is for sale, in a fixed order."""
    return [*_plans(), *_packs()]


def _plans() -> Iterator[Item]:
    rows = PlanPrice.objects.filter(is_active=True).select_related("plan").order_by("stripe_lookup_key")
    for row in rows:
        name = f"Huntaze {row.plan.name_en}"
        yield Item(row.stripe_lookup_key, name, row.amount_minor, row.currency, row.interval)


def _packs() -> Iterator[Item]:
    for row in MessagePack.objects.filter(is_active=True, amount_minor__isnull=False).order_by("credits"):
        assert row.amount_minor is not None
        name = f"Message credits {row.key}"
        yield Item(row.stripe_lookup_key, name, row.amount_minor, row.currency, "")


def check() -> list[Difference]:
    """Where Stripe's prices are not ours. Raises Transient, Permanent."""
    found = []
    for item in items():
        price = _price(item)
        if price is None:
            found.append(Difference(item.lookup_key, "missing"))
            continue
        for what in ("amount_minor", "currency", "interval"):
            if getattr(price, what) != getattr(item, what):
                found.append(Difference(item.lookup_key, what.removesuffix("_minor")))
    return found


def push() -> list[str]:
    """Make what is missing or differs; returns the lookup keys made. A price never changes: a new one takes the key.
    Raises Transient, Permanent, Uncertain; running it again goes on."""
    made = []
    for item in items():
        price = _price(item)
        if price is not None and (price.amount_minor, price.currency, price.interval) == (
            item.amount_minor,
            item.currency,
            item.interval,
        ):
            continue
        product = price.product_id if price is not None else _product(item)
        _make_price(item, product)
        made.append(item.lookup_key)
    return made


def _price(item: Item) -> RemotePrice | None:
    rows = calls.listing(Kind.PRICE, RemotePrice, most=1, lookup_keys=[item.lookup_key], active=True)
    return rows[0] if rows else None


def _product(item: Item) -> str:
    made = calls.create(Kind.PRODUCT, Remote, key=f"prd:{item.lookup_key}", name=item.name)
    return made.id


def _make_price(item: Item, product: str) -> None:
    recurring = {"recurring": {"interval": item.interval}} if item.interval else {}
    calls.create(
        Kind.PRICE,
        RemotePrice,
        key=f"prc:{item.lookup_key}:{item.amount_minor}:{item.currency}",
        product=product,
        currency=item.currency.lower(),
        unit_amount=item.amount_minor,
        lookup_key=item.lookup_key,
        transfer_lookup_key="true",
        nickname=item.name,
        **recurring,
    )
