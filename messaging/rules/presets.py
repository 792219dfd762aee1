"""Audiences that need no building: each is kept as a segment of its account when it is first chosen."""

from typing import Any

_REACHABLE = {"field": "can_receive", "op": "is", "value": True}


def _who(*more: dict[str, Any]) -> dict[str, Any]:
    return {"all": [_REACHABLE, *more]}


#: Conditions by key, in the order in which they are offered.
PRESETS: dict[str, dict[str, Any]] = {
    "everybody": _who(),
    "active_7": _who({"field": "last_active", "op": "within_days", "value": 7}),
    "new_7": _who({"field": "first_seen", "op": "within_days", "value": 7}),
    "silent_30": _who({"field": "last_active", "op": "not_within_days", "value": 30}),
    "bought_30": _who({"field": "purchases_count", "op": "gte", "value": 1, "days": 30}),
    "never_bought": _who({"field": "purchases_count", "op": "eq", "value": 0}),
}
