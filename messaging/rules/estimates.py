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
    first = [max(at, outlook.held_for) for at in ([0.0] * free + list(later))[: limit.count]]
    if lane is Lane.BULK:
        return _paced(limit, first, outlook.paced_for, before)
    rounds, place = divmod(before, limit.count)
    return first[place] + rounds * limit.window


def _paced(limit: Limit, first: list[float], pace: float, before: int) -> float:
    """Walks the limiter's virtual schedule: each message leaves at the later of its slot and the pace, and sets the
    next pace one step on, catching up at most one step. After two windows' worth of messages nothing new happens but
    the window's repetition."""
    step = limit.window / limit.count
    skipped = max(0, before // limit.count - 2)
    left: list[float] = []
    for number in range(before - skipped * limit.count + 1):
        slot = first[number] if number < limit.count else left[number - limit.count] + limit.window
        at = max(slot, pace)
        left.append(at)
        pace = (at if pace < at - step else pace) + step
    return left[-1] + skipped * limit.window
