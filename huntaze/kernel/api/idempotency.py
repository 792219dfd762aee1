"""`Idempotency-Key`: the same key and body within 24 hours gives the first answer again.

The key's row is inserted in the same transaction as the work. A second request with the key waits on the unique index
until the first has committed (then it gets the stored answer) or rolled back (then it does the work itself), so there
is no "in progress" state to clean up. The table belongs to the accounts app, which registers a store here.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Protocol

from huntaze.kernel.api.principal import Principal
from huntaze.kernel.errors import Conflict, FieldError, Invalid

HEADER = "Idempotency-Key"
_SANE = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class Answer:
    """A stored answer; `status` is None while the work is still being done in this very transaction."""

    fingerprint: bytes
    status: int | None
    body: Any


class Store(Protocol):
    def find(self, principal: Principal, key: str) -> Answer | None: ...
    def claim(self, principal: Principal, key: str, fingerprint: bytes) -> bool: ...
    def complete(self, principal: Principal, key: str, status: int, body: Any) -> None: ...


_store: Store | None = None


def register(store: Store) -> None:
    """Called once, by the app that owns the table."""
    global _store
    _store = store


def store() -> Store:
    if _store is None:
        raise RuntimeError("no idempotency store is registered")
    return _store


def key_of(value: str | None) -> str | None:
    """The header's value, checked; raises Invalid for anything but 1–255 printable ASCII characters."""
    if value is None:
        return None
    if not _SANE.fullmatch(value):
        raise Invalid(
            FieldError("Idempotency-Key", "Use 1 to 255 printable ASCII characters without spaces.")
        )
    return value


def fingerprint(method: str, path: str, body: bytes) -> bytes:
    """What makes two requests the same: SHA-256 over method, path and raw body."""
    return hashlib.sha256(b"\0".join((method.encode(), path.encode(), body))).digest()


def replay(principal: Principal, key: str, print_: bytes) -> Answer | None:
    """The stored answer for this key, None when it is new; raises Conflict when the body differs."""
    found = store().find(principal, key)
    if found is None:
        return None
    if found.fingerprint != print_:
        raise Conflict("This Idempotency-Key was used with another request", code="idempotency_mismatch")
    return found
