"""Browser sessions: what they remember about the person who signed in."""

from datetime import UTC, datetime
from typing import Any

#: Key of the time of the last proof, in whole seconds.
PROVED_AT = "proved_at"


def note_proof(session: Any, now: datetime) -> None:
    """The person behind this browser session gave their password or a second factor just now."""
    session[PROVED_AT] = int(now.timestamp())


def proved_at(session: Any) -> datetime | None:
    seconds = session.get(PROVED_AT)
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) else None
