"""When a second factor is compulsory, and the form of codes."""

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum

#: From the day a role needs a second factor, people have this long to set one up.
NOTICE = timedelta(days=7)
#: Seconds of one step of an authenticator app, and how many steps a slow or fast clock may be off.
STEP, TOLERANCE = 30, 1
#: Without letters and digits that look alike; 24 of them carry 118 bits, so that a plain digest keeps them safe.
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
CODE_LENGTH, CODE_COUNT = 24, 10
_DIGITS = re.compile(r"\d{6}", re.ASCII)


class Duty(StrEnum):
    """What somebody without a second factor is told."""

    NONE = "none"
    NOTICE = "notice"
    WALL = "wall"


def wall_at(*, role: str, required_roles: Collection[str], since: datetime | None) -> datetime | None:
    """When the wall goes up for a role; None where no factor is asked of it. `since` is the day on which the workspace
    got its second member or its first connected account."""
    return since + NOTICE if since is not None and role in required_roles else None


def duty_of(wall: datetime | None, now: datetime) -> Duty:
    if wall is None:
        return Duty.NONE
    return Duty.WALL if now >= wall else Duty.NOTICE


def plain(code: str) -> str:
    """A code as people type it, without spaces and dashes, in lower case."""
    return re.sub(r"[\s\-]", "", code).lower()


def is_totp(code: str) -> bool:
    return bool(_DIGITS.fullmatch(code))


def shown(code: str) -> str:
    """A recovery code in groups of four."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))
