"""Connecting an account: how long an attempt may take, and what the vendor's words mean for it."""

import re
from datetime import timedelta

from accounts.types import ConnectionState

#: The text that people agree to; a change of its meaning is a new version, which is asked for at the next connection.
CONSENT_VERSION = "2026-11"
#: The longest an attempt stays open: a code by phone or a face check may take a while.
LASTS = timedelta(minutes=30)
MOST_CODE = 12
_CODE = re.compile(r"[0-9A-Za-z]{4,12}")

#: Words are unpublished; what is unknown counts as waiting, and only a success that is said twice as connected.
_WORDS = {
    "needs_otp": ConnectionState.NEEDS_CODE,
    "otp_code_required": ConnectionState.NEEDS_CODE,
    "needs_face_otp": ConnectionState.NEEDS_FACE,
    "face_otp_required": ConnectionState.NEEDS_FACE,
}
_CONNECTED = frozenset({"authenticated", "connected"})
OPEN = frozenset({ConnectionState.WAITING, ConnectionState.NEEDS_CODE, ConnectionState.NEEDS_FACE})


def state_of_listed(*, progress: str, is_authenticated: bool) -> tuple[ConnectionState, str]:
    """State and reason of a first connection, from the vendor's list of accounts."""
    if is_authenticated:
        return ConnectionState.CONNECTED, ""
    return _WORDS.get(progress, ConnectionState.WAITING), "refused" if progress == "failed" else ""


def state_of_attempt(
    *, state: str, is_success: bool, needs_code: bool, error_code: str
) -> tuple[ConnectionState, str]:
    """State and reason of signing in again. A wrong code can be tried anew, so it is no end."""
    if is_success and state in _CONNECTED:
        return ConnectionState.CONNECTED, ""
    found = ConnectionState.NEEDS_CODE if needs_code else _WORDS.get(state, ConnectionState.WAITING)
    return found, "wrong_code" if error_code == "wrong_code" else "refused" if error_code else ""


def is_code(text: str) -> bool:
    return _CODE.fullmatch(text) is not None


def display_name(reference: str, stage_name: str) -> str:
    """The name that the vendor keeps: it begins with our reference, by which we know our own again."""
    return f"{reference} · {stage_name}"


def is_ours(display_name_: str, reference: str) -> bool:
    return display_name_ == reference or display_name_.startswith(f"{reference} ")
