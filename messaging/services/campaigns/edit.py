"""Writing a campaign. What changes its content, price, media or audience ends its approval."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from accounts.models import PlatformAccount
from accounts.services import audit
from huntaze.kernel.errors import FieldError, Invalid
from huntaze.kernel.money import Money, to_minor
from huntaze.platforms.onlyfansapi import is_single_use
from messaging.errors import WrongState
from messaging.models import Campaign
from messaging.rules import audience, content, placeholders
from messaging.rules.campaigns import EDITABLE, MOST_NAME, NORMAL, REENGAGEMENT
from messaging.rules.prices import currency_of
from messaging.selectors.campaigns import content_hash
from messaging.services.audiences import unknown_parts
from messaging.services.campaigns.record import record, taken
from messaging.services.send import FURTHEST, text_digest
from messaging.types import CampaignDraft, CampaignState, SendCommand


def make(
    *, account: PlatformAccount, draft: CampaignDraft, member_pk: int, actor: audit.Actor, now: datetime
) -> Campaign:
    """Store a checked draft; raises Invalid."""
    draft = _checked(account, draft, now)
    campaign = Campaign(account=account, state=CampaignState.DRAFT, editor_id=member_pk, created_at=now)
    with transaction.atomic():
        fill(campaign, draft, now)
        campaign.save()
        record(campaign, actor, "created", now)
    return campaign


def copy(*, campaign: Campaign, name: str, member_pk: int, actor: audit.Actor, now: datetime) -> Campaign:
    """A new draft with the same content and audience, for no time yet; raises Invalid where something of it is gone."""
    draft = replace(draft_of(campaign), name=name[:MOST_NAME], scheduled_for=None)
    return make(account=campaign.account, draft=draft, member_pk=member_pk, actor=actor, now=now)


def change(
    *, campaign: Campaign, draft: CampaignDraft, member_pk: int, actor: audit.Actor, now: datetime
) -> Campaign:
    """Replace a campaign's content; raises Invalid, WrongState.

    One that was launched has to be launched again, and approved again if the fingerprint is another.
    """
    with transaction.atomic():
        rows = Campaign.objects.select_for_update(of=("self",), no_key=True).select_related(
            "account__creator"
        )
        row = rows.get(pk=campaign.pk)
        if row.state not in EDITABLE:
            raise WrongState(status=row.state)
        draft = _checked(row.account, draft, now)
        before = content_hash(row)
        fill(row, draft, now)
        is_new = content_hash(row) != before
        if is_new:
            void_approval(row)
            row.editor_id = member_pk
        elif row.state == CampaignState.SCHEDULED:
            row.state = CampaignState.AWAITING_APPROVAL
        row.launch_at, row.launched_by_id = None, None
        row.save()
        record(row, actor, "edited", now, {"approval": "voided" if is_new else "kept"})
    return row


def void_approval(campaign: Campaign) -> None:
    """Back to a draft, on the row in hand; the caller saves."""
    campaign.state = CampaignState.DRAFT
    campaign.approved_by_id, campaign.approved_at, campaign.approved_hash = None, None, ""
    campaign.plan, campaign.planned_at = None, None


def delete(*, campaign: Campaign, actor: audit.Actor, now: datetime) -> None:
    """Remove one that was never launched; raises WrongState."""
    with transaction.atomic():
        row = taken(campaign, "delete")
        if row.exclusions.exists() or row.deliveries.exists():
            raise WrongState(status=row.state)
        record(row, actor, "deleted", now)
        row.delete()


def draft_of(campaign: Campaign) -> CampaignDraft:
    """The stored content, to be changed in part."""
    return CampaignDraft(
        name=campaign.name,
        language=campaign.language,
        text=campaign.text.reveal(),
        price=Money(campaign.price_minor, campaign.currency).amount if campaign.price_minor else Decimal(0),
        is_locked_text=campaign.is_locked_text,
        media_ids=tuple(campaign.media_ids),
        include=tuple(campaign.include),
        exclude=tuple(campaign.exclude),
        in_conversation_minutes=campaign.in_conversation_minutes,
        recent_campaign_hours=campaign.recent_campaign_hours,
        same_text_days=campaign.same_text_days,
        same_media_days=campaign.same_media_days,
        most_recipients=campaign.most_recipients,
        most_per_hour=campaign.most_per_hour,
        most_per_day=campaign.most_per_day,
        scheduled_for=campaign.scheduled_for,
        timezone=campaign.timezone,
        priority=campaign.priority,
    )


def _checked(account: PlatformAccount, draft: CampaignDraft, now: datetime) -> CampaignDraft:
    draft = replace(draft, text=placeholders.rewritten(draft.text))
    faults = [
        FieldError(f"content.{draft.language}" if fault.field == "content" else fault.field, fault.message)
        for fault in content.faults(_as_message(draft))
    ]
    field = f"content.{draft.language}"
    faults += placeholders.faults(draft.text, field)
    if (
        placeholders.longest(draft.text) > content.MOST_CHARACTERS
        and len(draft.text) <= content.MOST_CHARACTERS
    ):
        faults.append(
            FieldError(field, f"Filled in, the text can pass {content.MOST_CHARACTERS:,} characters.")
        )
    faults += [
        FieldError(
            f"mediaIds.{index}", "A fresh upload can be sent once: use the id that it has in the vault."
        )
        for index, media_id in enumerate(draft.media_ids)
        if is_single_use(media_id)
    ]
    if draft.scheduled_for is not None and not now <= draft.scheduled_for <= now + FURTHEST:
        faults.append(FieldError("schedule", "Plan for a time to come, at most a year ahead."))
    if draft.priority not in (NORMAL, REENGAGEMENT):
        faults.append(FieldError("priority", f"Use {NORMAL}, or {REENGAGEMENT} to win fans back."))
    faults += _audience_faults(account, draft)
    if faults:
        raise Invalid(*faults)
    return draft


def _audience_faults(account: PlatformAccount, draft: CampaignDraft) -> list[FieldError]:
    if not draft.include:
        return [FieldError("include", "Say who gets it: a list, a segment or a fan.")]
    faults: list[FieldError] = []
    for field, parts in (("include", draft.include), ("exclude", draft.exclude)):
        wrong = list(audience.part_faults(list(parts), field))
        faults += wrong or unknown_parts(account, parts, field)
    return faults


def _as_message(draft: CampaignDraft) -> SendCommand:
    """The same rules hold as for one message."""
    return SendCommand(
        recipient_id="",
        content=draft.text,
        price=draft.price,
        is_locked_text=draft.is_locked_text,
        media_ids=draft.media_ids,
    )


def fill(campaign: Campaign, draft: CampaignDraft, now: datetime) -> None:
    """Put a draft's content into the row in hand; the caller saves."""
    campaign.name, campaign.language = draft.name, draft.language
    campaign.text = draft.text
    campaign.text_digest = text_digest(draft.text)
    campaign.currency = currency_of(campaign.account.platform)
    campaign.price_minor = to_minor(draft.price, campaign.currency)
    campaign.is_locked_text, campaign.media_ids = draft.is_locked_text, list(draft.media_ids)
    campaign.include, campaign.exclude = list(draft.include), list(draft.exclude)
    campaign.in_conversation_minutes = draft.in_conversation_minutes
    campaign.recent_campaign_hours = draft.recent_campaign_hours
    campaign.same_text_days = draft.same_text_days
    campaign.same_media_days = draft.same_media_days
    campaign.most_recipients = draft.most_recipients
    campaign.most_per_hour, campaign.most_per_day = draft.most_per_hour, draft.most_per_day
    campaign.scheduled_for, campaign.timezone = draft.scheduled_for, draft.timezone
    campaign.priority, campaign.edited_at = draft.priority, now
