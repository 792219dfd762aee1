"""Owns the memory of keyed sends: 24 hours, scope team + endpoint + account.

The stored answer is the message as it was when fresh, so a replay is the same JSON; a stored
refusal is kept as its body. 5xx, 408 and 429 are never stored.
"""

import hashlib
from dataclasses import dataclass, field

import orjson

from ...http import Json
from ...ledger import Attempts
from ...world import Message
from .core import Refused

KEEP_SECONDS = 86_400.0
KEEP_KEYS = 500_000


@dataclass(slots=True)
class Entry:
    """`state`: new (nothing stored), running, done (message), refused (status and body)."""

    attempts: Attempts = field(default_factory=Attempts)
    state: str = "new"
    mark: bytes = b""
    expires: float = 0.0
    message: Message | None = None
    refusal: tuple[int, Json] | None = None


class Store:
    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], Entry] = {}

    def entry(self, account_id: str, key: str, now: float) -> Entry:
        found = self.entries.get((account_id, key))
        if found is None:
            if len(self.entries) >= KEEP_KEYS:
                del self.entries[next(iter(self.entries))]
            found = self.entries[(account_id, key)] = Entry()
        elif found.expires <= now and found.state != "running":
            found.state, found.message, found.refusal = "new", None, None
        return found


def check_key(key: str) -> None:
    if not 1 <= len(key) <= 255 or not all(" " <= letter <= "~" for letter in key):
        raise Refused(
            400,
            {
                "error": "The Idempotency-Key must be 1 to 255 printable ASCII characters.",
                "code": "IDEMPOTENCY_KEY_INVALID",
            },
        )


def mark_of(body_hash: str, chat_id: str) -> bytes:
    return hashlib.blake2b(f"{chat_id}:{body_hash}".encode(), digest_size=16).digest()


def body_hash_of(form: Json) -> str:
    """SHA-256 of the body as sorted JSON; files count by their content."""
    if "_files" in form:
        files = [hashlib.sha256(data).hexdigest() for group in form["_files"].values() for _, data in group]
        form = {**form, "_files": files}
    return hashlib.sha256(orjson.dumps(form, option=orjson.OPT_SORT_KEYS)).hexdigest()


def begin(entry: Entry, mark: bytes, now: float) -> None:
    """Marks the key as running, or refuses: conflict while running, mismatch on another body or chat."""
    if entry.state != "new" and entry.mark != mark:
        raise Refused(
            422,
            {
                "error": "This Idempotency-Key was already used with a different request.",
                "code": "IDEMPOTENCY_KEY_MISMATCH",
            },
        )
    if entry.state == "running":
        raise Refused(
            409,
            {
                "error": "A request with this Idempotency-Key is still being processed.",
                "code": "IDEMPOTENCY_CONFLICT",
            },
        )
    if entry.state == "new":
        entry.state, entry.mark, entry.expires = "running", mark, now + KEEP_SECONDS
