"""Owns one request of the dialect: how it refuses, and the store of objects that all of it works on."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...draws import digest
from ...http import Json

if TYPE_CHECKING:
    from .dialect import Dialect

PREFIX = "/stripe"
#: The version that events are written in.
API_VERSION = "2026-08-26.dahlia"


class Refused(Exception):
    """An error as Stripe words it."""

    def __init__(self, status: int, kind: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"type": kind, "message": message, **more}}


def invalid(message: str, param: str = "", code: str = "") -> Refused:
    more = {name: value for name, value in (("param", param), ("code", code)) if value}
    return Refused(400, "invalid_request_error", message, **more)


def missing(kind: str, name: str, param: str = "id") -> Refused:
    return Refused(
        404, "invalid_request_error", f"No such {kind}: '{name}'", param=param, code="resource_missing"
    )


def declined(code: str = "card_declined", reason: str = "generic_decline", **more: Any) -> Refused:
    return Refused(
        402, "card_error", "Your card was declined.", code=code, decline_code=reason, param="", **more
    )


@dataclass(slots=True)
class Request:
    dialect: "Dialect"
    method: str
    path: str
    form: Json
    names: list[str] = field(default_factory=list)
    host: str = ""
    key: str = ""

    @property
    def store(self) -> "Store":
        return self.dialect.store

    def need(self, name: str) -> Any:
        value = self.form.get(name)
        if value in (None, ""):
            raise invalid(f"Missing required param: {name}.", name, "parameter_missing")
        return value


def whole(value: Any, param: str) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise invalid(f"Invalid integer: {value}", param, "parameter_invalid_integer") from None


class Store:
    """Every object by its id, as Stripe writes it, references collapsed to ids."""

    def __init__(self, seed: int, now: Callable[[], float]) -> None:
        self.seed = seed
        self._now = now
        self.objects: dict[str, Json] = {}
        self.kinds: dict[str, dict[str, Json]] = {}
        self.count = 0

    def now(self) -> int:
        return int(self._now())

    def name(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}_{digest(self.seed, 'stripe', prefix, self.count)[:24]}"

    def new(self, kind: str, prefix: str, **fields: Any) -> Json:
        body = {"id": self.name(prefix), "object": kind, "created": self.now(), "livemode": False, **fields}
        self.objects[body["id"]] = body
        self.kinds.setdefault(kind, {})[body["id"]] = body
        return body

    def get(self, kind: str, name: str, param: str = "id") -> Json:
        found = self.kinds.get(kind, {}).get(name)
        if found is None:
            raise missing(kind, name, param)
        return found

    def find(self, kind: str, **wanted: Any) -> list[Json]:
        """Newest first."""
        rows = reversed(list(self.kinds.get(kind, {}).values()))
        return [row for row in rows if all(row.get(name) == value for name, value in wanted.items())]

    # answers -------------------------------------------------------------------------------------

    def shown(self, body: Json, expand: list[str] | None = None) -> Json:
        result: Json = copy.deepcopy(body)
        for path in expand or []:
            self._expand(result, path.split("."))
        return result

    def _expand(self, body: Any, steps: list[str]) -> None:
        if not steps or body is None:
            return
        if isinstance(body, list):
            for row in body:
                self._expand(row, steps)
            return
        step, rest = steps[0], steps[1:]
        if not isinstance(body, dict):
            return
        if step == "data" and isinstance(body.get("data"), list):
            self._expand(body["data"], rest)
            return
        value = body.get(step)
        if isinstance(value, str) and value in self.objects:
            body[step] = value = copy.deepcopy(self.objects[value])
        elif value is None and (made := self._included(body, step)) is not None:
            body[step] = value = made
        self._expand(value, rest)

    def _included(self, body: Json, step: str) -> Json | None:
        """Lists that are only there when asked for."""
        kind = body.get("object")
        if kind == "checkout.session" and step == "line_items":
            return listing(copy.deepcopy(body.get("_lines", [])), "")
        if kind == "invoice" and step == "payments":
            return listing(self.find("invoice_payment", invoice=body["id"]), "")
        if kind == "charge" and step == "refunds":
            return listing(self.find("refund", charge=body["id"]), "")
        return None

    def page(self, rows: list[Json], form: Json, url: str, prefix_expand: str = "data") -> Json:
        """A list object over `rows` (newest first) with Stripe's cursors."""
        limit = whole(form.get("limit", 10), "limit")
        if not 1 <= limit <= 100:
            raise invalid("Invalid limit: must be between 1 and 100", "limit", "parameter_invalid_integer")
        names = [row["id"] for row in rows]
        if after := form.get("starting_after"):
            rows = rows[names.index(after) + 1 :] if after in names else []
            has_more = len(rows) > limit
            rows = rows[:limit]
        elif before := form.get("ending_before"):
            rows = rows[: names.index(before)] if before in names else []
            has_more = len(rows) > limit
            rows = rows[-limit:]
        else:
            has_more = len(rows) > limit
            rows = rows[:limit]
        expand = [path.removeprefix("data.") for path in form.get("expand", []) if path.startswith("data.")]
        return listing([public(self.shown(row, expand)) for row in rows], url, has_more)


def listing(rows: list[Json], url: str, has_more: bool = False) -> Json:
    return {"object": "list", "url": url, "has_more": has_more, "data": rows}


def public(body: Any) -> Any:
    """Without what the imitation notes for itself (names with an underscore)."""
    if isinstance(body, dict):
        return {name: public(value) for name, value in body.items() if not name.startswith("_")}
    if isinstance(body, list):
        return [public(row) for row in body]
    return body


def created_in(rows: list[Json], form: Json) -> list[Json]:
    """The rows whose `created` lies in the asked range."""
    asked = form.get("created")
    if not asked:
        return rows
    if not isinstance(asked, dict):
        return [row for row in rows if row["created"] == whole(asked, "created")]
    tests: dict[str, Callable[[int, int], bool]] = {
        "gte": int.__ge__,
        "gt": int.__gt__,
        "lte": int.__le__,
        "lt": int.__lt__,
    }
    for name, value in asked.items():
        if name not in tests:
            raise invalid(f"Received unknown parameter: created[{name}]", "created", "parameter_unknown")
        rows = [row for row in rows if tests[name](row["created"], whole(value, "created"))]
    return rows
