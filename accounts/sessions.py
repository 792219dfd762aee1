"""Browser sessions: kept in the database under a digest of the cookie, and what they remember about their person.

Django's own engine with two differences: the table knows whose a session is, so that people can look through theirs
and end them, and the cookie's value is nowhere at rest. There is no cache before it: an ended session is over.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.utils import timezone

from accounts.models import BrowserSession
from accounts.rules.devices import device_name
from huntaze.kernel import clock, sql
from huntaze.kernel.web import Device

#: Keys of a session; times are whole seconds.
PROVED_AT, STARTED_AT, SEEN_AT, DEVICE, COUNTRY = "proved_at", "started_at", "seen_at", "device", "country"
FACTOR_AT = "factor_at"
STAFF_AT, STAFF_SEEN_AT = "staff_at", "staff_seen_at"
WORKSPACE = "workspace"
#: However much it is used, a session ends after this.
ABSOLUTE = timedelta(days=30)
TOUCHED_EVERY = timedelta(minutes=5)


def row_key(cookie: str) -> str:
    """The primary key of a cookie's row: 160 bits of its SHA-256."""
    return hashlib.sha256(cookie.encode()).hexdigest()[:40]


#: Asked with every page.
_LIVING = (
    "SELECT session_data FROM accounts_browsersession WHERE session_key = %(key)s AND expire_date > %(now)s"
)


class SessionStore(db.SessionStore):
    @classmethod
    def get_model_class(cls) -> Any:
        return BrowserSession

    def _get_session_from_db(self) -> BrowserSession | None:
        key = row_key(self.session_key or "")
        found = sql.row(_LIVING, {"key": key, "now": timezone.now()})
        if found is None:
            self._session_key = None
            return None
        return BrowserSession(session_key=key, session_data=found[0])

    def exists(self, session_key: str) -> bool:
        return BrowserSession.objects.filter(session_key=row_key(session_key)).exists()

    def create_model_instance(self, data: dict[str, Any]) -> BrowserSession:
        cookie: str = self._get_or_create_session_key()  # type: ignore[attr-defined]  # not in the stubs
        now = clock.now()
        return BrowserSession(
            session_key=row_key(cookie),
            uid=UUID(bytes=hashlib.sha256(b"uid" + cookie.encode()).digest()[:16]),
            session_data=self.encode(data),
            expire_date=self.get_expiry_date(),
            user_id=data.get(SESSION_KEY),
            device_name=data.get(DEVICE, ""),
            country=data.get(COUNTRY, ""),
            started_at=_time(data.get(STARTED_AT)) or now,
            last_used_at=_time(data.get(SEEN_AT)) or now,
        )

    def delete(self, session_key: str | None = None) -> None:
        cookie = session_key or self.session_key
        if cookie is not None:
            BrowserSession.objects.filter(session_key=row_key(cookie)).delete()


def begin(session: Any, device: Device, now: datetime) -> None:
    """Somebody has just signed in here; how long nobody's session was to last is forgotten."""
    session.set_expiry(None)
    seconds = int(now.timestamp())
    session[STARTED_AT] = session[SEEN_AT] = session[PROVED_AT] = seconds
    session[DEVICE], session[COUNTRY] = device_name(device.user_agent), device.country


def is_over(session: Any, now: datetime) -> bool:
    """Whether the session has reached the age at which its person signs in again."""
    started = _time(session.get(STARTED_AT))
    return started is not None and now - started >= ABSOLUTE


def touch(session: Any, now: datetime) -> None:
    """Remember that the session is used: its idle time starts again, and its owner sees when it was last used."""
    seen = _time(session.get(SEEN_AT))
    if seen is None or now - seen >= TOUCHED_EVERY:
        session[SEEN_AT] = int(now.timestamp())


def note_proof(session: Any, now: datetime) -> None:
    """The person behind this browser session gave their password or a second factor just now."""
    session[PROVED_AT] = int(now.timestamp())


def note_factor(session: Any, now: datetime) -> None:
    """The proof was a second factor, which is more than a password."""
    session[FACTOR_AT] = int(now.timestamp())


def factor_at(session: Any) -> datetime | None:
    """When this session last gave a second factor."""
    return _time(session.get(FACTOR_AT))


def proved_at(session: Any) -> datetime | None:
    return _time(session.get(PROVED_AT))


def begin_staff_mode(session: Any, now: datetime) -> None:
    """From now on this session opens the staff's pages, for a time."""
    session[STAFF_AT] = session[STAFF_SEEN_AT] = int(now.timestamp())


def end_staff_mode(session: Any) -> None:
    session.pop(STAFF_AT, None)
    session.pop(STAFF_SEEN_AT, None)


def staff_mode(session: Any) -> tuple[datetime | None, datetime | None]:
    """When this session's staff mode began, and when it was used last."""
    return _time(session.get(STAFF_AT)), _time(session.get(STAFF_SEEN_AT))


def touch_staff_mode(session: Any, now: datetime) -> None:
    session[STAFF_SEEN_AT] = int(now.timestamp())


def choose_workspace(session: Any, workspace_id: str) -> None:
    """Which of a person's workspaces the pages of this session show; one that is not theirs chooses nothing."""
    session[WORKSPACE] = workspace_id


def workspace_of(session: Any) -> str | None:
    """The public id of the chosen workspace."""
    chosen: str | None = session.get(WORKSPACE)
    return chosen


def _time(seconds: object) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) else None
