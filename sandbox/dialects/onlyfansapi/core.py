"""Owns the dialect's request and answer: auth header, typed parameters, envelope, refusals."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson

from ...clock import parse_time
from ...http import Json, parse_multipart
from ...ledger import Sent
from ...state import Sandbox
from ...world import Account, Fan

PREFIX = "/onlyfansapi"
MAX_BODY_TEXT = 10_000


class Refused(Exception):
    """An answer other than success, sent as it stands and without the envelope."""

    def __init__(self, status: int, body: Json, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers


def invalid(**errors: str) -> Refused:
    """The vendor's 422: one message, and a list of texts by field."""
    first = next(iter(errors.values()))
    return Refused(422, {"message": first, "errors": {name: [text] for name, text in errors.items()}})


def not_found(what: str) -> Refused:
    return Refused(404, {"error": f"{what} not found."})


@dataclass(slots=True)
class Reply:
    """A success. `data` is wrapped in the envelope unless `bare`; bytes are ready JSON."""

    data: Any = None
    status: int = 200
    bare: bool = False
    next_page: str | None = None
    credits: int = 1
    headers: tuple[tuple[bytes, bytes], ...] = ()
    paged: bool = False


OK = {"success": True}


@dataclass(slots=True)
class Request:
    sandbox: Sandbox
    method: str
    path: str
    params: list[str]
    raw_query: str
    headers: list[tuple[bytes, bytes]]
    body: bytes
    at: float
    account: Account | None = None
    delay: float = 0.0
    hold: float = 0.0
    outcome: str = ""
    sent: Sent | None = None
    faults: set[str] = field(default_factory=set)
    _query: dict[str, list[str]] | None = None
    _form: Json | None = None

    def header(self, name: bytes) -> str | None:
        for key, value in self.headers:
            if key == name:
                return value.decode("latin-1")
        return None

    @property
    def acct(self) -> Account:
        assert self.account is not None
        return self.account

    # parameters ----------------------------------------------------------------------------------

    def query(self, name: str, default: str = "") -> str:
        return self.all(name)[-1] if self.all(name) else default

    def all(self, name: str) -> list[str]:
        """Every value of a name; `name[]=a&name[]=b` and `name=a,b` are the caller's to split."""
        if self._query is None:
            self._query = {}
            for key, value in parse_qsl(self.raw_query, keep_blank_values=True):
                self._query.setdefault(key.removesuffix("[]"), []).append(value)
        return self._query.get(name, [])

    def words(self, name: str) -> list[str]:
        return [word for value in self.all(name) for word in value.split(",") if word]

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        text = self.query(name)
        if not text:
            return default
        if not text.lstrip("-").isdigit():
            raise invalid(**{name: f"The {name} field must be an integer."})
        if not low <= int(text) <= high:
            side = f"at least {low}" if int(text) < low else f"not greater than {high}"
            raise invalid(**{name: f"The {name} field must be {side}."})
        return int(text)

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        value = self.query(name) or default
        if value not in allowed:
            raise invalid(**{name: f"The selected {name} is invalid."})
        return value

    def moment(self, name: str) -> float | None:
        text = self.query(name)
        if not text:
            return None
        at = parse_time(text)
        if at is None:
            raise invalid(**{name: f"The {name} field must be a valid date."})
        return at

    def form(self) -> Json:
        """The body as a dict: JSON, or the fields of a multipart form (files under `_files`)."""
        if self._form is None:
            self._form = self._read_form()
        return self._form

    def _read_form(self) -> Json:
        if not self.body:
            return {}
        kind = self.header(b"content-type") or ""
        if kind.startswith("multipart/form-data"):
            fields, files = parse_multipart(self.body, kind)
            listed = ("mediaFiles", "previews", "userIds", "userLists", "excludedLists")
            form: Json = {key: v if key in listed else v[-1] for key, v in fields.items()}
            return {**form, "_files": files} if files else form
        if kind.startswith("application/x-www-form-urlencoded"):
            return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))
        try:
            value = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            raise Refused(400, {"error": "The request body is not valid JSON."}) from None
        if not isinstance(value, dict):
            raise Refused(400, {"error": "The request body must be a JSON object."})
        return value

    def number(self, place: int, what: str) -> int:
        """A numeric id out of the path; anything else does not exist."""
        text = self.params[place]
        if not text.isdigit() or len(text) > 18:
            raise not_found(what)
        return int(text)

    def fan(self, place: int = 1) -> Fan:
        found = self.sandbox.world.fan(self.acct, self.number(place, "User"))
        if found is None:
            raise not_found("User")
        return found

    # pages ---------------------------------------------------------------------------------------

    def next_page(self, more: bool, **changed: Any) -> str | None:
        """The same URL with the cursor moved on, absolute on this server; None on the last page."""
        if not more:
            return None
        pairs = [(k, v) for k, v in parse_qsl(self.raw_query, keep_blank_values=True) if k not in changed]
        host = self.header(b"host") or "127.0.0.1"
        query = urlencode([*pairs, *((key, str(value)) for key, value in changed.items())])
        return f"http://{host}{PREFIX}{self.path}?{query}"


def cents(value: int) -> int | float:
    """Money as the vendor writes it: 12 when whole, else 12.5."""
    return value // 100 if value % 100 == 0 else value / 100
