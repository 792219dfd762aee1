"""Reads of campaigns: one by its id, lists, and the figures of its rows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, QuerySet

from huntaze.kernel import ids
from huntaze.kernel.lookup import one
from messaging.errors import UnknownCampaign
from messaging.models import Campaign, CampaignExclusion, CampaignUnsend, Delivery, Segment
from messaging.rules.campaigns import fingerprint
from messaging.types import DeliveryState

#: The rate is measured over these minutes.
RATE_MINUTES = 10


@dataclass(frozen=True, slots=True)
class Figures:
    """A campaign's rows counted: deliveries by state, fans by the reason that left them out, unsends by outcome."""

    deliveries: dict[str, int]
    excluded: dict[str, int]
    unsends: dict[str, int]
    bought: int
    sent_lately: int

    def count(self, *states: DeliveryState) -> int:
        return sum(self.deliveries.get(state, 0) for state in states)


def campaigns_of(creator_ids: frozenset[int] | None) -> QuerySet[Campaign]:
    rows = Campaign.objects.select_related("account__creator", "editor", "approved_by", "launched_by")
    return rows if creator_ids is None else rows.filter(account__creator_id__in=creator_ids)


def campaign_of(creator_ids: frozenset[int] | None, campaign_id: str) -> Campaign:
    """A campaign by its public id; raises UnknownCampaign for anybody else's."""
    uid = ids.decode("cmp", campaign_id)
    found = one(campaigns_of(creator_ids).filter(uid=uid)) if uid else None
    if found is None:
        raise UnknownCampaign
    return found


def definition(campaign: Campaign) -> dict[str, Any]:
    """What an approver agrees to: text, price, media, and who is meant, conditions of segments included."""
    wanted = {part["segment"] for part in [*campaign.include, *campaign.exclude] if "segment" in part}
    uids = {segment_id: ids.decode("seg", segment_id) for segment_id in wanted}
    rows = Segment.objects.filter(uid__in=[uid for uid in uids.values() if uid], account=campaign.account)
    segments = dict(rows.values_list("uid", "conditions"))
    bounds = {"same_media_days": campaign.same_media_days, "most_recipients": campaign.most_recipients}
    return {name: value for name, value in bounds.items() if value is not None} | {
        "account": campaign.account.public_id,
        "language": campaign.language,
        "text": campaign.text.reveal(),
        "price": [campaign.price_minor, campaign.currency, campaign.is_locked_text],
        "media": campaign.media_ids,
        "include": campaign.include,
        "exclude": campaign.exclude,
        "automatic": [
            campaign.in_conversation_minutes,
            campaign.recent_campaign_hours,
            campaign.same_text_days,
        ],
        "segments": {segment_id: segments.get(uid) for segment_id, uid in uids.items() if uid},
    }


def content_hash(campaign: Campaign) -> str:
    return fingerprint(definition(campaign))


def figures(campaign: Campaign, now: datetime) -> Figures:
    """Counted from the rows, by the index over campaign and state."""
    deliveries = Delivery.objects.filter(campaign=campaign)
    unsends = CampaignUnsend.objects.filter(campaign=campaign)
    since = now - timedelta(minutes=RATE_MINUTES)
    lately = Delivery.objects.filter(account=campaign.account_id, answered_at__gte=since)
    return Figures(
        deliveries=_by(deliveries, "state"),
        excluded=_by(CampaignExclusion.objects.filter(campaign=campaign), "reason"),
        unsends=_by(unsends.exclude(outcome=""), "outcome") | _open_unsends(unsends),
        bought=deliveries.filter(message__purchased_at__isnull=False).count(),
        sent_lately=lately.filter(campaign=campaign, state=DeliveryState.SENT).count(),
    )


def _by(rows: "QuerySet[Any]", field: str) -> dict[str, int]:
    found = rows.order_by().values(field).annotate(count=Count("pk"))
    return {row[field]: row["count"] for row in found}


def _open_unsends(rows: "QuerySet[CampaignUnsend]") -> dict[str, int]:
    found = _by(rows.filter(outcome=""), "state")
    return {"failed": found.get("failed", 0), "waiting": found.get("queued", 0) + found.get("working", 0)}
