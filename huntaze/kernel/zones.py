"""The time zones that this machine knows."""

from functools import cache
from zoneinfo import available_timezones


@cache
def names() -> frozenset[str]:
    """Read once: `available_timezones` opens the six hundred files of the tz database each time."""
    return frozenset(available_timezones())
