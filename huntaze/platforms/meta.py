"""The error table of Meta's Graph, which Instagram and WhatsApp share. Decided on codes, never on titles."""

from typing import Any

from huntaze.kernel.http import Answer
from huntaze.platforms.errors import Permanent, PlatformError, Transient
from huntaze.platforms.oauth import OUR_CLIENT, RECONNECT, of_status, unknown

_LOST = frozenset({0, 102, 190, 463, 467})
_LIMITS = frozenset({4, 17, 32, 613, 80007})
_AWAY = frozenset({1, 2})


def refusal_of(answer: Answer, body: dict[str, Any], *, is_write: bool) -> PlatformError | None:
    """None for a success."""
    error = body.get("error")
    if answer.status < 300 and error is None:
        return None
    if not isinstance(error, dict):
        return _of_login(body) or of_status(answer, is_write)
    code = error.get("code")
    if not isinstance(code, int):
        return of_status(answer, is_write)
    if code in _LOST:
        return Permanent(RECONNECT)
    if code in _LIMITS:
        return Transient("rate_limited", retry_after=300.0)
    if code in _AWAY:
        return unknown("server_error", is_write)
    if code in {3, 10} or 200 <= code < 300:
        return Permanent("permission")
    return _of_parameter(error, code)


def _of_parameter(error: dict[str, Any], code: int) -> PlatformError:
    """101: our app is unknown. 100 with 36007 or 36009: the code of a person's answer is wrong, used or too old."""
    if code == 101:
        return Permanent(OUR_CLIENT)
    if code == 100 and error.get("error_subcode") in {36007, 36009}:
        return Permanent(RECONNECT)
    return Permanent("unsupported" if code == 100 else "refused", meta_code=code)


def _of_login(body: dict[str, Any]) -> PlatformError | None:
    """Instagram's own outline for its code exchange: a type and a message, and 400 for everything."""
    if body.get("error_type") != "OAuthException":
        return None
    message = str(body.get("error_message") or "").lower()
    return Permanent(OUR_CLIENT if "client" in message and "secret" in message else RECONNECT)
