"""Where a person is signed in."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F

from accounts.models import BrowserSession, RefreshSession

MOST = 100


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One session as its person sees it. `kind` is browser or api; `device` is in words, `country` two letters."""

    id: str
    kind: str
    device: str
    country: str
    created_at: datetime
    last_used_at: datetime
    is_current: bool


def sessions_of(user_pk: int, *, now: datetime, current: frozenset[str]) -> list[SessionLine]:
    """Living sessions of both kinds, last used first; at most 100 of each. `current` are the caller's public ids."""
    browsers = BrowserSession.objects.filter(user_id=user_pk, expire_date__gt=now)
    families = RefreshSession.objects.filter(
        user_id=user_pk, revoked_at=None, expires_at__gt=now, session_version=F("user__session_version")
    )
    lines = [
        SessionLine(
            row.public_id,
            "browser",
            row.device_name,
            row.country,
            row.started_at,
            row.last_used_at,
            row.public_id in current,
        )
        for row in browsers.order_by("-last_used_at")[:MOST]
    ]
    lines += [
        SessionLine(
            row.public_id,
            "api",
            row.device_name,
            row.country,
            row.created_at,
            row.last_used_at,
            row.public_id in current,
        )
        for row in families.order_by("-last_used_at")[:MOST]
        if now < row.last_used_at + timedelta(seconds=row.idle_seconds)
    ]
    return sorted(lines, key=lambda line: line.last_used_at, reverse=True)
