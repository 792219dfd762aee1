"""Approval: a person agrees to exactly this text, price, media and audience definition."""

from datetime import datetime

from django.db import transaction

from accounts.selectors import holders_of
from accounts.services import audit
from messaging.errors import ApprovalRequired
from messaging.models import Campaign
from messaging.rules.campaigns import needs_second_person
from messaging.selectors.audiences import counts
from messaging.selectors.campaigns import content_hash
from messaging.services.campaigns.plan import price_of
from messaging.services.campaigns.record import record, taken


def approve(
    *, campaign: Campaign, agreed_hash: str, member_pk: int, actor: audit.Actor, now: datetime
) -> Campaign:
    """Bind the approver, the time and the fingerprint; raises WrongState, ApprovalRequired."""
    with transaction.atomic():
        row = taken(campaign, "approve")
        if agreed_hash != content_hash(row):
            raise ApprovalRequired(details=["The campaign is another than the one you looked at."])
        recipients = counts(row, now).get("", 0)
        if second_person(row, approver_pk=member_pk, recipients=recipients) == "missing":
            raise ApprovalRequired(details=["Somebody else than the last editor must approve this."])
        row.approved_by_id, row.approved_at, row.approved_hash = member_pk, now, agreed_hash
        row.save(update_fields=["approved_by", "approved_at", "approved_hash"])
        record(row, actor, "approved", now, {"content_hash": agreed_hash, "recipients": recipients})
    return row


def second_person(campaign: Campaign, *, approver_pk: int | None, recipients: int) -> str:
    """Whether a second pair of eyes was on it: not_needed, present, missing, or not_available where only one member
    may launch at all."""
    if not needs_second_person(recipients=recipients, price=price_of(campaign)):
        return "not_needed"
    if approver_pk is not None and approver_pk != campaign.editor_id:
        return "present"
    alone = holders_of("campaigns.launch", campaign.account.creator_id) == 1
    return "not_available" if alone else "missing"
