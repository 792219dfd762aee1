"""What an audience may say: trees of conditions, and which fans and lists a campaign takes in or leaves out.

Pure checks of JSON as it came over the wire; `messaging.selectors.audiences` turns what passed into SQL.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from huntaze.kernel.errors import FieldError

MOST_DEPTH, MOST_CONDITIONS, MOST_PARTS = 3, 30, 50
GROUPS = ("all", "any", "none")
#: Fields by kind, and what may be asked of each kind.
TIMES = ("first_seen", "last_active", "last_message_from_fan", "last_message_to_fan")
COUNTS = ("purchases_count", "tips_count")
AMOUNTS = ("purchases_amount", "tips_amount")
COMPARISONS = ("eq", "gte", "gt", "lte", "lt")
TIME_OPERATORS = ("within_days", "not_within_days", "before", "after", "is_known")
MOST_DAYS = 3650
LARGEST_AMOUNT = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Condition:
    """One question about a fan. `days` limits counts and amounts to the last days."""

    field: str
    op: str
    value: bool | int | str | Decimal | datetime
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """`kind` is all, any or none of the parts."""

    kind: str
    parts: "tuple[Group | Condition, ...]"


class _Fault(Exception):
    def __init__(self, path: str, message: str) -> None:
        self.error = FieldError(path, message)
        super().__init__()


def parse(tree: Any, field: str = "conditions") -> tuple[Group | None, list[FieldError]]:
    """The checked tree, or None and what is wrong with it."""
    try:
        group = _group(tree, field, 1)
    except _Fault as fault:
        return None, [fault.error]
    if sum(1 for _ in conditions(group)) > MOST_CONDITIONS:
        return None, [FieldError(field, f"Use at most {MOST_CONDITIONS} conditions.")]
    return group, []


def conditions(part: Group | Condition) -> Iterator[Condition]:
    """Every condition of a tree."""
    if isinstance(part, Condition):
        yield part
        return
    for inner in part.parts:
        yield from conditions(inner)


def list_ids(group: Group) -> set[str]:
    """Public ids of the lists that a tree asks about."""
    return {str(item.value) for item in conditions(group) if item.field == "list"}


def _group(tree: Any, path: str, depth: int) -> Group:
    if not isinstance(tree, dict) or len(tree) != 1 or next(iter(tree)) not in GROUPS:
        raise _Fault(path, "Use one of all, any, none with a list of conditions.")
    if depth > MOST_DEPTH:
        raise _Fault(path, f"Nest at most {MOST_DEPTH} groups.")
    ((kind, parts),) = tree.items()
    if not isinstance(parts, list) or not 1 <= len(parts) <= MOST_CONDITIONS:
        raise _Fault(f"{path}.{kind}", f"Give 1 to {MOST_CONDITIONS} conditions.")
    return Group(
        kind, tuple(_part(part, f"{path}.{kind}.{index}", depth) for index, part in enumerate(parts))
    )


def _part(part: Any, path: str, depth: int) -> Group | Condition:
    if isinstance(part, dict) and "field" in part:
        return _condition(part, path)
    return _group(part, path, depth + 1)


def _condition(part: dict[str, Any], path: str) -> Condition:
    if set(part) - {"field", "op", "value", "days"}:
        raise _Fault(path, "A condition has field, op, value and, for counts and amounts, days.")
    field, op, value = part["field"], part.get("op"), part.get("value")
    if not isinstance(field, str):
        raise _Fault(f"{path}.field", "Name a field.")
    days = part.get("days")
    if field in COUNTS or field in AMOUNTS:
        if days is not None:
            days = _whole(days, f"{path}.days", 1, MOST_DAYS)
        op = _one_of(op, COMPARISONS, path)
        number = (
            _whole(value, f"{path}.value", 0, 1_000_000)
            if field in COUNTS
            else _amount(value, f"{path}.value")
        )
        return Condition(field, op, number, days)
    if days is not None:
        raise _Fault(f"{path}.days", "Only counts and amounts take days.")
    if field in TIMES:
        op = _one_of(op, TIME_OPERATORS, path)
        return Condition(field, op, _time_value(op, value, f"{path}.value"))
    if field == "can_receive":
        op = _one_of(op, ("is",), path)
        return Condition(field, op, _flag(value, f"{path}.value"))
    if field == "list":
        op = _one_of(op, ("in", "not_in"), path)
        if not isinstance(value, str) or not value.startswith("lst_"):
            raise _Fault(f"{path}.value", "Name a list by its id (lst_…).")
        return Condition(field, op, value)
    known = ", ".join((*TIMES, "can_receive", "list", *COUNTS, *AMOUNTS))
    raise _Fault(f"{path}.field", f"Known fields are {known}.")


def _time_value(op: Any, value: Any, path: str) -> bool | int | datetime:
    if op == "is_known":
        return _flag(value, path)
    if op in {"within_days", "not_within_days"}:
        return _whole(value, path, 1, MOST_DAYS)
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not 1990 <= moment.year <= 2200:
        raise _Fault(path, "Use a time in ISO 8601 with its zone.")
    return moment


def _one_of(op: Any, allowed: tuple[str, ...], path: str) -> str:
    if not isinstance(op, str) or op not in allowed:
        raise _Fault(f"{path}.op", f"Use one of {', '.join(allowed)}.")
    return op


def _flag(value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise _Fault(path, "Use true or false.")
    return value


def _whole(value: Any, path: str, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise _Fault(path, f"Use a whole number from {least} to {most}.")
    return value


def _amount(value: Any, path: str) -> Decimal:
    try:
        amount = Decimal(value) if isinstance(value, str) and len(value) <= 12 else None
    except InvalidOperation:
        amount = None
    if (
        amount is None
        or not amount.is_finite()
        or not 0 <= amount <= LARGEST_AMOUNT
        or amount != round(amount, 2)
    ):
        raise _Fault(path, 'Use an amount as text, such as "12.50".')
    return amount


PREFIXES = {"list": "lst_", "segment": "seg_", "fan": "fan_"}


def part_faults(parts: Any, field: str) -> Iterator[FieldError]:
    """What is wrong with an include or exclude list: objects with one of list, segment, fan and its id."""
    if not isinstance(parts, list):
        yield FieldError(field, "Use a list of objects with list, segment or fan.")
        return
    if len(parts) > MOST_PARTS:
        yield FieldError(field, f"Use at most {MOST_PARTS} entries; put single fans on a list.")
    for index, part in enumerate(parts[:MOST_PARTS]):
        kind = next(iter(part)) if isinstance(part, dict) and len(part) == 1 else ""
        value = part[kind] if kind in PREFIXES else None
        if not isinstance(value, str) or not value.startswith(PREFIXES[kind]):
            yield FieldError(f"{field}.{index}", "Use an object with one of list, segment, fan and its id.")
