"""Owns Stripe's form encoding: `a[b][0][c]=v` to nested dicts and lists, and back for none of it."""

from typing import Any
from urllib.parse import parse_qsl

from ...http import Json


def parse(raw: bytes | str) -> Json:
    """Nested values of a query or a body; an index or `[]` makes a list. Text stays text."""
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    root: Json = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        head, _, rest = name.partition("[")
        _put(root, [head, *(rest.removesuffix("]").split("][") if rest else [])], value)
    folded: Json = {name: _lists(value) for name, value in root.items()}
    return folded


def _put(into: Json, path: list[str], value: str) -> None:
    for step in path[:-1]:
        inner = into.setdefault(step, {})
        if not isinstance(inner, dict):
            return
        into = inner
    last = path[-1]
    into[last or str(len(into))] = value


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(name.isdigit() for name in value):
        return [_lists(value[name]) for name in sorted(value, key=int)]
    return {name: _lists(inner) for name, inner in value.items()}


def is_true(value: Any) -> bool:
    return str(value).lower() == "true"
