"""Owns what a price means in time and money: when a period ends, and the line that bills it whole."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ...http import Json
from . import money

if TYPE_CHECKING:
    from .dialect import Dialect


def after(moment: int, price: Json, anchor: int) -> int:
    """The end of the period that begins at `moment`; months keep the anchor's day."""
    recurring: dict[str, Any] = price["recurring"]
    if recurring["interval"] in ("day", "week"):
        return moment + int(recurring["interval_count"]) * (
            86_400 if recurring["interval"] == "day" else 604_800
        )
    months = recurring["interval_count"] * (12 if recurring["interval"] == "year" else 1)
    start, day = datetime.fromtimestamp(moment, UTC), datetime.fromtimestamp(anchor, UTC).day
    number = start.year * 12 + start.month - 1 + months
    for candidate in (day, 30, 29, 28):
        try:
            moved = start.replace(year=number // 12, month=number % 12 + 1, day=min(candidate, day))
            return int(moved.timestamp())
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def whole_period(dialect: "Dialect", body: Json, price: Json, start: int, end: int) -> Json:
    product = dialect.store.objects[price["product"]]["name"]
    return money.line(
        dialect.store, price["unit_amount"], f"1 × {product}", start, end, price, subscription=body["id"]
    )
