"""Owns the faults that a test or a person switches on, and which request or webhook each one hits."""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from .clock import Clock
from .draws import chance
from .http import Json


def _kinds(text: str) -> frozenset[str]:
    return frozenset(text.split())


BEFORE = _kinds(
    "status rate_limit timeout_before reset_before redirect 5xx_not_sent 5xx_unknown_not_sent session_expired "
    "otp_required face_required credits_exhausted"
)
DURING = _kinds(
    "latency hold_idempotency banned_word wrong_state expired_code used_code no_answer refresh_refused token_revoked"
)
AFTER = _kinds("timeout_after reset_after malformed_json wrong_type truncate slow_body 5xx_unknown_sent")
WEBHOOK = _kinds(
    "drop duplicate reorder delay bad_signature wrong_secret old_timestamp other_body_same_key pause_endpoint"
)
KINDS = BEFORE | DURING | AFTER | WEBHOOK


@dataclass(slots=True)
class Fault:
    """`after` matches pass first, then at most `count` are hit, each with probability `rate`."""

    id: str
    kind: str
    dialect: str = "*"
    match: Json = field(default_factory=dict)
    rate: float = 1.0
    after: int = 0
    count: int | None = None
    until: float | None = None
    params: Json = field(default_factory=dict)
    seen: int = 0
    hits: int = 0

    def public(self) -> Json:
        return {
            "id": self.id,
            "dialect": self.dialect,
            "kind": self.kind,
            "match": self.match,
            "rate": self.rate,
            "after": self.after,
            "count": self.count,
            "until": self.until,
            "params": self.params,
            "seen": self.seen,
            "hits": self.hits,
        }


class Faults:
    """All active faults; the first that matches wins."""

    def __init__(self, seed: int, clock: Clock) -> None:
        self.seed = seed
        self.clock = clock
        self.active: list[Fault] = []
        self._made = 0

    def add(self, spec: Json) -> Fault:
        """From the control API's JSON. Raises ValueError on an unknown kind or a bad number."""
        kind = spec.get("kind")
        if kind not in KINDS:
            raise ValueError(f"unknown kind {kind!r}; one of {', '.join(sorted(KINDS))}")
        rate = float(spec.get("rate", 1))
        if not 0 <= rate <= 1:
            raise ValueError("rate must be between 0 and 1")
        self._made += 1
        seconds: Any = spec.get("forSeconds")
        fault = Fault(
            id=f"fault_{self._made}",
            kind=kind,
            dialect=spec.get("dialect") or "*",
            match=spec.get("match") or {},
            rate=rate,
            after=int(spec.get("after", 0)),
            count=None if spec.get("count") is None else int(spec["count"]),
            until=None if seconds is None else self.clock.now() + float(seconds),
            params=spec.get("params") or {},
        )
        self.active.append(fault)
        return fault

    def remove(self, name: str | None = None) -> int:
        """Removes one fault or all; returns how many."""
        before = len(self.active)
        self.active = [fault for fault in self.active if name is not None and fault.id != name]
        return before - len(self.active)

    def request(self, dialect: str, method: str, path: str, account: str) -> Fault | None:
        for fault in self.active:
            if (
                fault.kind not in WEBHOOK
                and self._fits(fault, dialect, method, path, account)
                and self._hit(fault)
            ):
                return fault
        return None

    def webhook(self, event: str, account: str) -> Fault | None:
        for fault in self.active:
            if fault.kind in WEBHOOK and self._fits_event(fault, event, account) and self._hit(fault):
                return fault
        return None

    def _fits(self, fault: Fault, dialect: str, method: str, path: str, account: str) -> bool:
        match = fault.match
        return (
            fault.dialect in ("*", dialect)
            and match.get("method", method).upper() == method
            and fnmatchcase(path, match.get("path", "*"))
            and match.get("account", account) == account
        )

    def _fits_event(self, fault: Fault, event: str, account: str) -> bool:
        return (
            fnmatchcase(event, fault.match.get("event", "*"))
            and fault.match.get("account", account) == account
        )

    def _hit(self, fault: Fault) -> bool:
        """Counts the match and decides; the draw depends on the fault and its own count only."""
        if fault.until is not None and self.clock.now() >= fault.until:
            return False
        if fault.count is not None and fault.hits >= fault.count:
            return False
        fault.seen += 1
        if fault.seen <= fault.after or chance(self.seed, fault.id, fault.seen) >= fault.rate:
            return False
        fault.hits += 1
        return True
