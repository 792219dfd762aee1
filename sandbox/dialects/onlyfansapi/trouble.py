"""Owns how the vendor looks when it fails: refusals made by a fault, and spoiled answers."""

import asyncio
from typing import TYPE_CHECKING, Any

import orjson

from ...faults import Fault
from ...http import Json, Send, answer, cut

if TYPE_CHECKING:
    from .dialect import Dialect

Headers = tuple[tuple[bytes, bytes], ...]

NO_CREDITS = {"error": "You have no credits left.", "code": "credits_exhausted"}
# fault kind -> state of the account, and the webhook that tells of it
STATES = {
    "session_expired": ("session_expired", "session_expired"),
    "otp_required": ("needs_otp", "otp_code_required"),
    "face_required": ("needs_face_otp", "face_otp_required"),
}


def lose_session(dialect: "Dialect", account_id: str, kind: str) -> None:
    """The account stays so until it is connected again; every call for it answers 503 meanwhile."""
    account = dialect.sandbox.world.accounts.get(account_id)
    if account is not None and account.state == "connected":
        account.state, event = STATES[kind]
        dialect.events.account(account, event)


def before(fault: Fault) -> tuple[int, bytes, Headers]:
    params = fault.params
    if fault.kind == "rate_limit":
        wait = str(params.get("retryAfter", 30)).encode()
        return (
            429,
            orjson.dumps({"error": "Too many requests.", "code": "rate_limit_exceeded"}),
            ((b"retry-after", wait),),
        )
    if fault.kind == "redirect":
        target = str(params.get("location", "https://status.sandbox.invalid/")).encode()
        return int(params.get("status", 302)), b"", ((b"location", target),)
    if fault.kind == "credits_exhausted":
        return int(params.get("status", 402)), orjson.dumps(NO_CREDITS), ()
    if fault.kind == "5xx_not_sent":
        return _failed(params, "not_sent")
    if fault.kind == "5xx_unknown_not_sent":
        return _failed(params, "unknown")
    body = params.get("body", {"error": "Fault of the sandbox."})
    raw = body.encode() if isinstance(body, str) else orjson.dumps(body)
    headers = tuple(
        (name.lower().encode(), str(value).encode()) for name, value in params.get("headers", {}).items()
    )
    return int(params.get("code") or params.get("status") or 500), raw, headers


def _failed(params: Json, outcome: str) -> tuple[int, bytes, Headers]:
    body = {"error": "OnlyFans could not be reached.", "request_outcome": outcome}
    return int(params.get("code", 502)), orjson.dumps(body), ()


async def spoil(fault: Fault, send: Send, status: int, body: bytes, headers: Headers) -> None:
    """Answers a request that was carried out in a way that the client cannot read."""
    if fault.kind == "5xx_unknown_sent":
        status, body, headers = _failed(fault.params, "unknown")
        await answer(send, status, body, headers)
    elif fault.kind == "malformed_json":
        await answer(send, status, body[: len(body) // 2] + b'"', headers)
    elif fault.kind == "wrong_type":
        await answer(send, status, orjson.dumps(_wrong(orjson.loads(body or b"null"))), headers)
    elif fault.kind == "truncate":
        await _announce(send, status, len(body))
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        await asyncio.sleep(0.05)
        await cut(send)
    else:
        await _drip(fault, send, status, body)


def _wrong(value: Any) -> Any:
    """The same outline with the types of the leaves exchanged."""
    if isinstance(value, dict):
        return {name: _wrong(item) for name, item in value.items()}
    if isinstance(value, list):
        return {"items": [_wrong(item) for item in value]}
    if isinstance(value, bool) or value is None:
        return []
    return {"value": value} if isinstance(value, int | float) else 7


async def _announce(send: Send, status: int, length: int) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % length)]
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def _drip(fault: Fault, send: Send, status: int, body: bytes) -> None:
    """slow_body: the answer arrives in ten pieces over `seconds`."""
    await _announce(send, status, len(body))
    step = max(1, len(body) // 10)
    for start in range(0, len(body), step):
        await asyncio.sleep(float(fault.params.get("seconds", 5)) / 10)
        await send({"type": "http.response.body", "body": body[start : start + step], "more_body": True})
    await send({"type": "http.response.body", "body": b""})
