"""What goes out of the campaigns API, read from the rows."""

from datetime import datetime
from typing import Any

from rest_framework import serializers

from billing.rules.quotes import Quote
from huntaze.kernel import clock
from huntaze.kernel.money import Money
from messaging.api.campaign_inputs import CAPS, AutomaticInput, CapsInput, ScheduleInput
from messaging.models import Campaign
from messaging.rules import campaigns as rules
from messaging.rules.pacing import HOUR
from messaging.selectors.campaigns import content_hash
from messaging.services.campaigns.approve import second_person
from messaging.services.campaigns.preview import Preview
from messaging.services.campaigns.progress import Progress
from messaging.types import DeliveryState as D


class ApprovalOutput(serializers.Serializer[Any]):
    by = serializers.CharField()
    at = serializers.DateTimeField()
    content_hash = serializers.CharField()
    second_person = serializers.ChoiceField(choices=["not_needed", "present", "not_available", "missing"])


class PlanOutput(serializers.Serializer[Any]):
    planned = serializers.IntegerField()
    excluded = serializers.IntegerField()
    excluded_by = serializers.DictField(child=serializers.IntegerField())
    needs_second_person = serializers.BooleanField()
    planned_at = serializers.DateTimeField()


class CampaignOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    account_id = serializers.CharField()
    status = serializers.CharField()
    status_reason = serializers.CharField()
    mode = serializers.CharField()
    content = serializers.DictField(child=serializers.CharField())
    media_ids = serializers.ListField(child=serializers.CharField())
    price = serializers.CharField()
    currency = serializers.CharField()
    locked_text = serializers.BooleanField()
    include = serializers.JSONField()
    exclude = serializers.JSONField()
    automatic_exclusions = AutomaticInput()
    caps = CapsInput()
    schedule = ScheduleInput()
    priority = serializers.IntegerField()
    content_hash = serializers.CharField()
    edited_by = serializers.CharField()
    plan = PlanOutput(allow_null=True)
    approval = ApprovalOutput(allow_null=True)
    launch_at = serializers.DateTimeField(allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class CampaignsOutput(serializers.Serializer[Any]):
    campaigns = CampaignOutput(many=True)
    total = serializers.IntegerField()
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()


class BulkOutput(serializers.Serializer[Any]):
    campaign_id = serializers.CharField()
    total_recipients = serializers.IntegerField()
    queued = serializers.IntegerField()
    failed = serializers.IntegerField()
    estimated_completion_time = serializers.DateTimeField(allow_null=True)
    status = serializers.CharField()


class TotalsOutput(serializers.Serializer[Any]):
    planned = serializers.IntegerField()
    excluded = serializers.IntegerField()
    held = serializers.IntegerField()
    queued = serializers.IntegerField()
    sending = serializers.IntegerField()
    sent = serializers.IntegerField()
    uncertain = serializers.IntegerField()
    failed = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    unsent = serializers.IntegerField()
    bought = serializers.IntegerField()


class CapOutput(serializers.Serializer[Any]):
    per = serializers.ChoiceField(choices=["hour", "day"])
    most = serializers.IntegerField()
    used = serializers.IntegerField(help_text="On their way, or sent inside the window.")


class PreviewOutput(serializers.Serializer[Any]):
    fan_id = serializers.CharField()
    text = serializers.CharField()
    fallbacks = serializers.ListField(
        child=serializers.CharField(), help_text="Placeholders that this fan has no value for."
    )


class ShareOutput(serializers.Serializer[Any]):
    source = serializers.CharField(help_text="plan, promo, manual or pack.")  # type: ignore[assignment]
    amount = serializers.IntegerField()
    expires_at = serializers.DateTimeField(allow_null=True)


class CreditsOutput(serializers.Serializer[Any]):
    """As of now: nothing is set aside before the launch."""

    cost = serializers.IntegerField(help_text="One for each recipient of the plan.")
    available = serializers.IntegerField(allow_null=True, help_text="Null: no limit.")
    available_after = serializers.IntegerField(allow_null=True)
    missing = serializers.IntegerField(help_text="So many recipients wait until there are more credits.")
    paid_by = ShareOutput(many=True, help_text="In the order in which they are spent.")


class CampaignPlannedOutput(CampaignOutput):
    credits = CreditsOutput()


class PreviewsOutput(serializers.Serializer[Any]):
    previews = PreviewOutput(many=True)
    credits = CreditsOutput(allow_null=True, help_text="Null before it was planned.")


class ProgressOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    status = serializers.CharField()
    totals = TotalsOutput()
    excluded_by = serializers.DictField(child=serializers.IntegerField())
    unsend = serializers.DictField(child=serializers.IntegerField())
    caps = CapOutput(many=True)
    rate_per_minute = serializers.FloatField()
    estimated_completion_time = serializers.DateTimeField(allow_null=True)
    approval = ApprovalOutput(allow_null=True)


def campaign(row: Campaign) -> dict[str, Any]:
    """One campaign as the wire shows it."""
    return {
        "id": row.public_id,
        "name": row.name,
        "account_id": row.account.public_id,
        "status": row.state,
        "status_reason": row.state_reason,
        "mode": "queued",
        "content": {row.language: row.text.reveal()},
        "media_ids": row.media_ids,
        "price": str(Money(row.price_minor, row.currency).amount),
        "currency": row.currency,
        "locked_text": row.is_locked_text,
        "include": row.include,
        "exclude": row.exclude,
        "automatic_exclusions": {
            "in_conversation_minutes": row.in_conversation_minutes,
            "recent_campaign_hours": row.recent_campaign_hours,
            "same_text_days": row.same_text_days,
            "same_media_days": row.same_media_days,
        },
        "caps": {name: getattr(row, field) for name, field in CAPS.items()},
        "schedule": _schedule_out(row),
        "priority": row.priority,
        "content_hash": content_hash(row),
        "edited_by": row.editor.public_id,
        "plan": _plan_out(row),
        "approval": approval(row),
        "launch_at": _iso(row.launch_at),
        "started_at": _iso(row.started_at),
        "ended_at": _iso(row.ended_at),
        "created_at": clock.iso(row.created_at),
    }


def approval(row: Campaign) -> dict[str, Any] | None:
    if row.approved_by is None or row.approved_at is None:
        return None
    planned = int((row.plan or {}).get("planned", 0))
    return {
        "by": row.approved_by.public_id,
        "at": clock.iso(row.approved_at),
        "content_hash": row.approved_hash,
        "second_person": second_person(row, approver_pk=row.approved_by_id, recipients=planned),
    }


def bulk(row: Campaign, found: Progress, *, queued: int) -> dict[str, Any]:
    return {
        "campaign_id": row.public_id,
        "total_recipients": found.planned,
        "queued": queued,
        "failed": found.figures.count(D.FAILED),
        "estimated_completion_time": _iso(found.ends_at),
        "status": row.state,
    }


def progress(row: Campaign, found: Progress) -> dict[str, Any]:
    figures = found.figures
    return {
        "id": row.public_id,
        "status": row.state,
        "totals": {
            "planned": found.planned,
            "excluded": sum(figures.excluded.values()),
            "held": figures.count(D.HELD),
            "queued": figures.count(D.QUEUED, D.SCHEDULED),
            "sending": figures.count(D.SENDING),
            "sent": figures.count(D.SENT),
            "uncertain": figures.count(D.UNCERTAIN),
            "failed": figures.count(D.FAILED),
            "cancelled": figures.count(D.CANCELLED),
            "unsent": figures.count(D.UNSENT),
            "bought": figures.bought,
        },
        "excluded_by": figures.excluded,
        "unsend": figures.unsends,
        "caps": [
            {
                "per": "hour" if used.cap.window == HOUR else "day",
                "most": used.cap.most,
                "used": used.open + used.left,
            }
            for used in found.used
        ],
        "rate_per_minute": found.rate_per_minute,
        "estimated_completion_time": _iso(found.ends_at),
        "approval": approval(row),
    }


def credits(found: Quote) -> dict[str, Any]:
    return {
        "cost": found.cost,
        "available": found.available,
        "available_after": found.after,
        "missing": found.missing,
        "paid_by": [
            {"source": share.source, "amount": share.amount, "expires_at": _iso(share.expires_at)}
            for share in found.shares
        ],
    }


def preview(seen: Preview) -> dict[str, Any]:
    return {"fan_id": seen.fan_id, "text": seen.text, "fallbacks": list(seen.fallbacks)}


def _schedule_out(row: Campaign) -> dict[str, Any]:
    place = rules.zone(row.timezone)
    if row.scheduled_for is None or place is None:
        return {"kind": "now", "timezone": row.timezone}
    local = row.scheduled_for.astimezone(place)
    return {
        "kind": "at",
        "date": local.strftime("%Y-%m-%d"),
        "at": local.strftime("%H:%M"),
        "timezone": row.timezone,
    }


def _plan_out(row: Campaign) -> dict[str, Any] | None:
    if row.plan is None or row.planned_at is None:
        return None
    return {
        "planned": row.plan["planned"],
        "excluded": sum(row.plan["excluded_by"].values()),
        "excluded_by": row.plan["excluded_by"],
        "needs_second_person": row.plan["needs_second_person"],
        "planned_at": clock.iso(row.planned_at),
    }


def _iso(moment: datetime | None) -> str | None:
    return clock.iso(moment) if moment else None
