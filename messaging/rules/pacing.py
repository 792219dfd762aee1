"""A campaign's own caps: so many messages in any hour, so many in any day, on top of the account's limit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `most` messages in any `window`."""

    most: int
    window: timedelta


def caps_of(*, per_hour: int | None, per_day: int | None) -> tuple[Cap, ...]:
    """The caps that are set, the shorter window first."""
    given = ((per_hour, HOUR), (per_day, DAY))
    return tuple(Cap(most, window) for most, window in given if most is not None)


def leaves_after(number: int, caps: Sequence[Cap], step: timedelta) -> timedelta:
    """When the message with `number` before it leaves, counted from the first one's: one each `step`, and no more
    than each cap allows. A full window of a cap is a round; within a round the shorter caps hold."""
    if not caps:
        return number * step
    *shorter, cap = caps
    rounds, rest = divmod(number, cap.most)
    last_of_round = leaves_after(cap.most - 1, shorter, step)
    if last_of_round + step >= cap.window:  # it never binds
        return leaves_after(number, shorter, step)
    return rounds * cap.window + leaves_after(rest, shorter, step)
