"""What is signed and chained of the audit log; pure, so that writer, sealer and verifier can't disagree."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

#: What the first block of a workspace follows.
GENESIS = bytes(32)
DIGEST_BYTES = 32


#: Fields whose values name people. The log can't be changed, so it says that they changed, not what they were.
PERSONAL = frozenset({"name", "stage_name", "stageName", "email", "billing_email", "billingEmail", "handle"})
HIDDEN = "•••"


def plain(changes: dict[str, Any] | None) -> dict[str, Any]:
    """Changes as the database gives them back: text keys, and fractions as text, whose digits would drift. Values that
    name people are hidden."""
    found: dict[str, Any] = json.loads(json.dumps(changes or {}), parse_float=str)
    return {name: _hidden(value) if name in PERSONAL else value for name, value in found.items()}


def _hidden(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _hidden(item) for name, item in value.items()}
    return HIDDEN if value else value


def canonical(
    *,
    uid: str,
    workspace_id: int,
    actor: tuple[str, int | None, int | None, int | None],
    action: str,
    target: str,
    changes: dict[str, Any],
    reason: str,
    trace_id: str,
    at: datetime,
    origin_digest: bytes | None,
) -> str:
    """One row as text, the same whoever reads it. `actor` is kind, user, member and key."""
    fields = [
        uid,
        workspace_id,
        list(actor),
        action,
        target,
        changes,
        reason,
        trace_id,
        at.astimezone(UTC).isoformat(timespec="microseconds"),
        origin_digest.hex() if origin_digest else None,
    ]
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def origin(uid: str, ip: str | None, user_agent: str) -> str:
    """Where a row came from, as text; the row's own id keeps equal addresses from looking equal."""
    return json.dumps([uid, ip, user_agent], separators=(",", ":"), ensure_ascii=False)


def block_hash(previous: bytes, workspace_id: int, seq: int, event_ids: list[int], macs: bytes) -> bytes:
    """SHA-256 over the block before, the place in the chain, and which rows with which signatures."""
    place = json.dumps([workspace_id, seq, event_ids], separators=(",", ":")).encode()
    return hashlib.sha256(previous + place + macs).digest()


def head(workspace_id: int, seq: int, hash_: bytes, forgotten_seq: int) -> str:
    """The end of a chain as text."""
    return json.dumps([workspace_id, seq, hash_.hex(), forgotten_seq], separators=(",", ":"))


def macs_of(joined: bytes) -> list[bytes]:
    """The signatures of a block's rows, in the order of its ids."""
    return [joined[start : start + DIGEST_BYTES] for start in range(0, len(joined), DIGEST_BYTES)]
