"""When a queued message will go out, from the slots in use and the rows before it."""
from huntaze.kernel.limiter import Lane, Limit, Outlook


def wait_seconds(*, limit: Limit, outlook: Outlook, lane: Lane, before: int) -> float:
    """Seconds until the message with `before` others ahead of it leaves.

    The first messages take the free slots, the next ones the held slots in the order in which they leave the window,
    and every `limit.count` messages the pattern repeats one window later: t(k) = t(k mod L) + floor(k / L) * W.
    A paced lane leaves no faster than one each W/L.
    """
    free = max(0, limit.count - len(outlook.releases))
    later = outlook.releases[-limit.count :]
    first = ([0.0] * free + list(later))[: limit.count]
    rounds, place = divmod(before, limit.count)
    wait = max(first[place], outlook.held_for) + rounds * limit.window
    if lane is Lane.BULK:
        wait = max(wait, outlook.paced_for + before * limit.window / limit.count)
    return wait
