"""Priorities and lanes. 1 is the highest priority, 9 the lowest."""

from huntaze.kernel.limiter import Lane

HIGHEST, DEFAULT, LOWEST = 1, 5, 9
#: Single messages down to this priority may burst; what is less urgent is paced, so that it never delays a reply.
LAST_INTERACTIVE = 5


def lane_of(priority: int) -> Lane:
    """The lane of a single message; campaigns and sequences are bulk whatever their priority."""
    return Lane.INTERACTIVE if priority <= LAST_INTERACTIVE else Lane.BULK
