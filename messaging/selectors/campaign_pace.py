"""How much of a campaign's caps is used: what is on its way, and what left inside each window."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from huntaze.kernel import sql
from messaging.models import Campaign
from messaging.rules.pacing import Cap, caps_of

# One statement, hence one snapshot: a row on its way from the queue to the platform is counted once, never not at all.
# A message counts from its claim until its answer has left the window, because the platform counts in between.
_USED = """
SELECT w.seconds, o.count, s.count, s.first
  FROM unnest(%(windows)s::float8[]) AS w(seconds)
 CROSS JOIN (SELECT count(*) FROM messaging_delivery
              WHERE campaign_id = %(campaign)s AND state IN ('queued', 'sending', 'scheduled', 'uncertain')
                AND (state IN ('queued', 'sending') OR (state = 'scheduled' AND attempts > 0) OR needs_lookup)) o
 CROSS JOIN LATERAL (
       SELECT count(*), min(d.dispatched_at) AS first FROM messaging_delivery d
        WHERE d.account_id = %(account)s AND d.campaign_id = %(campaign)s
          AND d.dispatched_at > statement_timestamp() - (w.seconds + %(lease)s) * interval '1 second'
          AND greatest(d.dispatched_at, d.answered_at) > statement_timestamp() - w.seconds * interval '1 second'
          AND d.state NOT IN ('queued', 'sending') AND NOT (d.state = 'scheduled' AND d.attempts > 0)
          AND NOT (d.state = 'uncertain' AND d.needs_lookup)) s
"""


@dataclass(frozen=True, slots=True)
class Used:
    """`open` messages may leave by themselves at any moment; `left` ones count in the window, the first since
    `since`."""

    cap: Cap
    open: int
    left: int
    since: datetime | None

    @property
    def room(self) -> int:
        return max(0, self.cap.most - self.open - self.left)


def caps(campaign: Campaign) -> tuple[Cap, ...]:
    return caps_of(per_hour=campaign.most_per_hour, per_day=campaign.most_per_day)


def used(campaign: Campaign) -> list[Used]:
    """For each cap of the campaign, the shorter window first; nothing for one without caps."""
    known = caps(campaign)
    if not known:
        return []
    values = {
        "campaign": campaign.pk,
        "account": campaign.account_id,
        "windows": [cap.window.total_seconds() for cap in known],
        "lease": settings.SEND_LEASE_SECONDS,
    }
    found = {seconds: rest for seconds, *rest in sql.rows(_USED, values)}
    return [Used(cap, *found[cap.window.total_seconds()]) for cap in known]


def room(campaign: Campaign) -> int | None:
    """How many more messages may be queued now; None where no cap is set."""
    return min((one.room for one in used(campaign)), default=None)
