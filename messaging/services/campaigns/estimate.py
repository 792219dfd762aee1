"""What a campaign comes to while it is being written: who would get it, why others would not, what it costs, how long
it takes, and how real fans would read it. Writes nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import PlatformAccount
from billing.rules.quotes import Quote
from billing.selectors.quotes import quoted
from billing.types import Unit
from huntaze.kernel import sql
from messaging.models import Campaign
from messaging.rules import placeholders
from messaging.rules.content import MOST_CHARACTERS, is_visible
from messaging.rules.pacing import leaves_after
from messaging.selectors.audiences import counts
from messaging.selectors.campaign_pace import caps
from messaging.services import limits
from messaging.services.campaigns.edit import fill
from messaging.services.campaigns.preview import Preview, previews
from messaging.types import CampaignDraft

#: Seconds that each of its two looks through an account's fans may take.
MOST_S = 3.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """`excluded` are fans by reason, most first. `takes` is how long all of them need if nothing else is sent; it
    follows the limit of the account and the campaign's own caps."""

    planned: int
    excluded: tuple[tuple[str, int], ...]
    quote: Quote
    takes: timedelta
    previews: tuple[Preview, ...]


def estimate(
    *, account: PlatformAccount, draft: CampaignDraft, campaign: Campaign | None, now: datetime
) -> Estimate:
    """Of a draft as it stands in the form, whatever is still missing in it. `campaign` is the stored one that it will
    replace, which is no reason to leave its own recipients out. Raises TookTooLong."""
    row = Campaign(pk=campaign.pk if campaign else None, account=account, workspace_id=account.workspace_id)
    fill(row, draft, now)
    with sql.within(MOST_S):
        by_reason = counts(row, now)
        shown = tuple(previews(campaign=row, now=now)) if _can_be_read(draft.text) else ()
    planned = by_reason.pop("", 0)
    limit = limits.limit()
    step = timedelta(seconds=limit.window / limit.count)
    return Estimate(
        planned=planned,
        excluded=tuple(sorted(by_reason.items(), key=lambda one: (-one[1], one[0]))),
        quote=quoted(account.workspace_id, Unit.MESSAGE, planned, now),
        takes=leaves_after(max(0, planned - 1), caps(row), step),
        previews=shown,
    )


def _can_be_read(text: str) -> bool:
    """While somebody types, a placeholder is often half written."""
    is_sound = len(text) <= MOST_CHARACTERS and not any(placeholders.faults(text, "text"))
    return is_sound and is_visible(text)
