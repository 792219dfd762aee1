"""How far a campaign is: every figure counted from its rows, the end from the limiter."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from huntaze.kernel.limiter import Lane, Outlook
from messaging.models import Campaign, Delivery
from messaging.selectors import COUNTED
from messaging.selectors.campaign_pace import Used, used
from messaging.selectors.campaigns import RATE_MINUTES, Figures, figures
from messaging.services import limits
from messaging.services.campaigns.launch import expected_end
from messaging.services.campaigns.pace import promise
from messaging.services.send import UNKNOWN
from messaging.types import CampaignState, DeliveryState

_WAITING = (DeliveryState.QUEUED, DeliveryState.SCHEDULED, DeliveryState.SENDING)


@dataclass(frozen=True, slots=True)
class Progress:
    """`rate_per_minute` is measured over the last minutes; `ends_at` is None where nothing is under way."""

    figures: Figures
    planned: int
    rate_per_minute: float
    ends_at: datetime | None
    used: list[Used]


def progress(campaign: Campaign, now: datetime, known: Outlook | None = None) -> Progress:
    """`known` is the account's outlook from a caller who has a transaction open by now."""
    found = figures(campaign, now)
    planned = sum(found.deliveries.values())
    if campaign.started_at is None:
        planned = int((campaign.plan or {}).get("planned", 0))
    minutes = min(RATE_MINUTES, _minutes_since(campaign.started_at, now))
    rate = round(found.sent_lately / minutes, 1) if minutes else 0.0
    return Progress(found, planned, rate, _ends_at(campaign, found, planned, known, now), used(campaign))


def _minutes_since(started_at: datetime | None, now: datetime) -> float:
    return max(1.0, (now - started_at) / timedelta(minutes=1)) if started_at else 0.0


def _ends_at(
    campaign: Campaign, found: Figures, planned: int, known: Outlook | None, now: datetime
) -> datetime | None:
    if campaign.state == CampaignState.SCHEDULED:
        return expected_end(campaign, planned)
    left = found.count(*_WAITING, DeliveryState.HELD)
    if campaign.state != CampaignState.RUNNING or not left:
        return None
    others = Delivery.objects.before(
        account_pk=campaign.account_id, lane=str(Lane.BULK), priority=campaign.priority
    ).exclude(campaign=campaign)
    outlook = known or limits.outlook(campaign.account_id) or UNKNOWN
    return promise(campaign, outlook, left, now, others=others[:COUNTED].count())
