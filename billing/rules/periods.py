"""Over which time a monthly allowance counts."""

import calendar
from datetime import UTC, datetime, timedelta

#: A billing period up to this long is itself the month that counts.
_MONTH = timedelta(days=32)


def add_months(moment: datetime, count: int) -> datetime:
    """The same day and time so many months later; a day that a month lacks is its last one."""
    months = moment.year * 12 + moment.month - 1 + count
    year, month = divmod(months, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def monthly(anchor: datetime, now: datetime) -> tuple[datetime, datetime]:
    """The month of `anchor` in which `now` lies, begin included and end not; the first one for anything before."""
    count = max(0, (now.year - anchor.year) * 12 + now.month - anchor.month)
    if count and add_months(anchor, count) > now:
        count -= 1
    return add_months(anchor, count), add_months(anchor, count + 1)


def of_free(created_at: datetime, now: datetime) -> tuple[datetime, datetime]:
    """The month between two anniversaries of the workspace, which are at 00:00 UTC."""
    day = created_at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return monthly(day, now.astimezone(UTC))


def of_paid(start: datetime, end: datetime, now: datetime) -> tuple[datetime, datetime]:
    """The month of a billing period in which `now` lies.

    A year is cut into months. After the end it goes on from there: news of the next period may be late.
    """
    if now >= end:
        return monthly(end, now)
    if end - start <= _MONTH:
        return start, end
    begin, until = monthly(start, now)
    return begin, min(until, end)
