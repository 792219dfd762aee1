"""Planning counts who would get a campaign and who would not, and why, before anybody approves it."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from accounts.services import audit
from huntaze.kernel.money import Money
from messaging.models import Campaign
from messaging.rules.campaigns import needs_second_person
from messaging.selectors.audiences import counts
from messaging.selectors.campaigns import content_hash
from messaging.services.campaigns.record import record, taken
from messaging.types import CampaignState


def plan(*, campaign: Campaign, actor: audit.Actor, now: datetime) -> Campaign:
    """Count the audience as it is now; with somebody in it the campaign awaits approval. Raises WrongState."""
    with transaction.atomic():
        row = taken(campaign, "plan")
        by_reason = counts(row, now)
        planned = by_reason.pop("", 0)
        row.plan = {
            "planned": planned,
            "excluded_by": by_reason,
            "content_hash": content_hash(row),
            "needs_second_person": needs_second_person(recipients=planned, price=price_of(row)),
        }
        row.planned_at, row.state_reason = now, "" if planned else "nobody"
        row.state = CampaignState.AWAITING_APPROVAL if planned else CampaignState.DRAFT
        row.save(update_fields=["plan", "planned_at", "state", "state_reason"])
        record(row, actor, "planned", now, {"planned": planned, "excluded": sum(by_reason.values())})
    return row


def price_of(campaign: Campaign) -> Decimal:
    return Money(campaign.price_minor, campaign.currency).amount
