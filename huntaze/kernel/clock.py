"""The one place that reads the clock; doors call it and pass `now` down."""

from datetime import UTC, datetime

from django.db import connection


def now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)


def of_database() -> datetime:
    """PostgreSQL's time, for work that machines share: one whose own clock is wrong must not act early or late."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and `Z`, as on the wire."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
