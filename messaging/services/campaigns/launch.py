"""Launching: an approved campaign gets its time; the rest happens without anybody."""

from datetime import datetime, timedelta

from django.db import transaction

from accounts.services import audit
from huntaze.kernel import context
from huntaze.kernel.jobs import enqueue
from messaging.errors import ApprovalRequired, WrongState
from messaging.models import Campaign
from messaging.rules.pacing import leaves_after
from messaging.selectors.campaign_pace import caps
from messaging.selectors.campaigns import content_hash
from messaging.services import limits
from messaging.services.campaigns.record import record, taken
from messaging.types import CampaignState


def launch(*, campaign: Campaign, member_pk: int, actor: audit.Actor, now: datetime) -> Campaign:
    """Schedule an approved campaign; raises WrongState, ApprovalRequired when the approval is not of this content."""
    with transaction.atomic():
        row = taken(campaign, "launch")
        if row.approved_by_id is None or row.approved_hash != content_hash(row):
            raise ApprovalRequired(details=["Nobody has approved the campaign as it is now."])
        if row.scheduled_for is not None and row.scheduled_for < now:
            raise WrongState("The time it was planned for has passed: set another", status=row.state)
        row.state, row.state_reason = CampaignState.SCHEDULED, ""
        row.launch_at, row.launched_by_id = row.scheduled_for or now, member_pk
        row.trace_id = context.trace_id()
        row.save(update_fields=["state", "state_reason", "launch_at", "launched_by", "trace_id"])
        record(row, actor, "launched", now, {"at": row.launch_at.isoformat()})
        enqueue("messaging.tend_campaigns")
    return row


def expected_end(campaign: Campaign, recipients: int) -> datetime | None:
    """When the last of so many messages leaves if nothing else does."""
    if campaign.launch_at is None:
        return None
    limit = limits.limit()
    step = timedelta(seconds=limit.window / limit.count)
    return campaign.launch_at + leaves_after(max(0, recipients - 1), caps(campaign), step)
