"""What an account's send limit looks like from the rows: which slots are in use, and who is before whom."""

from collections.abc import Sequence
from dataclasses import dataclass

from huntaze.kernel import sql
from huntaze.kernel.limiter import Lane
from messaging.selectors.deliveries import COUNTED

# One statement, hence one snapshot: a message on its way from the queue to the wire is counted once, never not at all.
_OCCUPANCY = """
SELECT a.id,
       ARRAY(SELECT extract(epoch FROM statement_timestamp() - d.answered_at)::float8 FROM messaging_delivery d
              WHERE d.account_id = a.id
                AND d.answered_at > statement_timestamp() - %(window)s * interval '1 second'),
       (SELECT count(*) FROM messaging_delivery d WHERE d.account_id = a.id AND d.state = 'sending'),
       (SELECT count(*) FROM (SELECT 1 FROM messaging_delivery d
                               WHERE d.account_id = a.id AND d.lane = %(lane)s AND d.state = 'queued'
                                 AND d.priority <= %(priority)s LIMIT %(most)s) q)
  FROM unnest(%(accounts)s::bigint[]) AS a(id)
"""


@dataclass(frozen=True, slots=True)
class Occupancy:
    """`releases` is when the slots in use come free, in seconds ascending; `before` is counted to at most COUNTED."""

    releases: tuple[float, ...]
    before: int


def occupancy(
    account_pks: Sequence[int], *, window: float, lane: Lane | None = None, priority: int = 0
) -> dict[int, Occupancy]:
    """Each account's slots in the last `window` seconds, and the rows of the lane that leave before a new one of this
    priority; none where no lane is named."""
    values = {
        "accounts": list(account_pks),
        "window": window,
        "lane": lane and str(lane),
        "priority": priority,
        "most": COUNTED,
    }
    found = {}
    for account, ages, in_flight, before in sql.rows(_OCCUPANCY, values):
        releases = [max(0.0, window - age) for age in ages] + [window] * in_flight
        found[account] = Occupancy(tuple(sorted(releases)), before)
    return found
