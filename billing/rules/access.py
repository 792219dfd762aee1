"""What a subscription's state lets a workspace do."""

from datetime import datetime, timedelta

from billing.types import Access
from billing.types import SubscriptionStatus as S

_FULL = frozenset({S.ACTIVE, S.TRIALING})
_FREE = frozenset({S.CANCELED, S.INCOMPLETE, S.INCOMPLETE_EXPIRED})


def access(
    status: str | None, past_due_since: datetime | None, now: datetime, *, grace: timedelta
) -> Access | None:
    """The access that follows from the processor's word; `None` as status is "no subscription".

    Null means that the word is not known: access stays as it was, and somebody looks at it.
    """
    if status is None or status in _FREE:
        return Access.FREE
    if status in _FULL:
        return Access.FULL
    if status == S.PAST_DUE:
        is_in_grace = past_due_since is None or now < past_due_since + grace
        return Access.FULL if is_in_grace else Access.READ_ONLY
    return Access.READ_ONLY if status in {S.UNPAID, S.PAUSED} else None


def grace_ends_at(status: str, past_due_since: datetime | None, *, grace: timedelta) -> datetime | None:
    """Until when an unpaid subscription keeps its access; null when nothing is overdue."""
    return past_due_since + grace if status == S.PAST_DUE and past_due_since else None
