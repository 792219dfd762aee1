"""Paying for a campaign: its whole audience at once, or as far as the credits go; the rest is held until there are
more."""

from datetime import datetime

from billing.errors import CreditsExhausted, ReadOnlyAccess
from billing.services.ledger import reservations
from messaging.models import Campaign
from messaging.rules.campaigns import NO_CREDITS, UNPAID
from messaging.services import credits
from messaging.services.campaigns import rows


def reserve_for(campaign: Campaign, count: int, key: int, now: datetime) -> int:
    """Set credits aside for so many rows under `key`, or for as many as there are credits; returns for how many.

    Locks the workspace's credits until the end of the transaction. Raises ReadOnlyAccess.
    """
    if not count:
        return 0
    try:
        return credits.set_aside(
            workspace_pk=campaign.workspace_id,
            quantity=count,
            ref=credits.of_campaign(campaign, key),
            key=key,
            now=now,
            is_partly=True,
        )
    except CreditsExhausted:
        return 0


def pay(campaign: Campaign, now: datetime) -> None:
    """Pay for held rows that want a credit, as far as the credits go; says on the campaign why the others wait. In the
    caller's transaction, which holds the campaign."""
    wanting, reason = rows.wanting(campaign.pk), ""
    if not wanting:
        return
    key, paid = reservations.new_key(), 0
    try:
        paid = reserve_for(campaign, len(wanting), key, now)
        reason = NO_CREDITS if paid < len(wanting) else ""
    except ReadOnlyAccess:
        reason = UNPAID
    if paid:
        rows.pay(wanting[:paid], reservation=key)
    if campaign.state_reason != reason:
        Campaign.objects.filter(pk=campaign.pk).update(state_reason=reason)
        campaign.state_reason = reason
