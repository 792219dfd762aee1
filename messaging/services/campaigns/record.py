"""What every deed on a campaign does: take the row, look at its state, leave an audit row."""

from datetime import datetime
from typing import Any

from accounts.services import audit
from messaging.errors import UnknownCampaign, WrongState
from messaging.models import Campaign
from messaging.rules.campaigns import may
from messaging.services.news import show_campaigns, show_queues


def taken(campaign: Campaign, deed: str) -> Campaign:
    """The row under a lock, for the rest of the caller's transaction; raises WrongState when it may not be done."""
    rows = Campaign.objects.select_for_update(of=("self",), no_key=True).select_related("account__creator")
    row = rows.filter(pk=campaign.pk).first()
    if row is None:
        raise UnknownCampaign
    if not may(deed, row.state):
        raise WrongState(status=row.state)
    return row


def record(
    campaign: Campaign, actor: audit.Actor, action: str, now: datetime, changes: dict[str, Any] | None = None
) -> None:
    audit.record(
        workspace_id=campaign.workspace_id,
        actor=actor,
        action=f"campaign.{action}",
        now=now,
        target=campaign.public_id,
        changes=changes,
    )
    show_campaigns([campaign.pk])
    show_queues([campaign.account_id])
