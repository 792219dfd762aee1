"""Shapes of the campaigns API: what comes in becomes a draft, what goes out is read from the rows."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from accounts.models import PlatformAccount
from huntaze.kernel import clock
from huntaze.kernel.errors import FieldError, Invalid
from huntaze.kernel.money import Money
from messaging.api.serializers import ClosedSerializer, StrictText
from messaging.models import Campaign
from messaging.rules import campaigns as rules
from messaging.rules import content as limits
from messaging.rules.placeholders import LANGUAGES
from messaging.selectors.campaigns import content_hash
from messaging.services.campaigns.approve import second_person
from messaging.services.campaigns.progress import Progress
from messaging.types import CampaignDraft
from messaging.types import DeliveryState as D


class ContentInput(serializers.Serializer[Any]):
    en = StrictText(
        max_length=limits.MOST_CHARACTERS, allow_blank=True, trim_whitespace=False, required=False
    )
    fr = StrictText(
        max_length=limits.MOST_CHARACTERS, allow_blank=True, trim_whitespace=False, required=False
    )


class ScheduleInput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=["now", "at"])
    date = serializers.DateField(required=False)
    at = serializers.TimeField(required=False, help_text="Wall clock time in the zone, `20:00`.")
    timezone = StrictText(max_length=64, required=False, help_text="IANA name; the creator's when left out.")


class AutomaticInput(serializers.Serializer[Any]):
    in_conversation_minutes = serializers.IntegerField(
        min_value=1, max_value=1440, allow_null=True, required=False
    )
    recent_campaign_hours = serializers.IntegerField(
        min_value=1, max_value=720, allow_null=True, required=False
    )
    same_text_days = serializers.IntegerField(min_value=1, max_value=365, allow_null=True, required=False)
    same_media_days = serializers.IntegerField(
        min_value=1, max_value=3650, allow_null=True, required=False, help_text="Had any of its media before."
    )


class CapsInput(ClosedSerializer):
    most_recipients = serializers.IntegerField(
        min_value=1,
        max_value=1_000_000,
        allow_null=True,
        required=False,
        help_text="Those active last come first.",
    )


class CampaignInput(ClosedSerializer):
    name = StrictText(max_length=80)
    account_id = StrictText(
        max_length=60, required=False, help_text="Needed only with several accounts (`acc_…`)."
    )
    mode = serializers.ChoiceField(choices=["queued"], default="queued")
    content = ContentInput(help_text="The text under its language, which also names the fallbacks' language.")
    media_ids = serializers.ListField(
        child=StrictText(max_length=100), default=list, max_length=limits.MOST_MEDIA
    )
    price = serializers.DecimalField(
        max_digits=8,
        decimal_places=2,
        allow_null=True,
        default=Decimal(0),
        help_text="0, or 3 to 200 with media.",
    )
    locked_text = serializers.BooleanField(default=False)
    include = serializers.JSONField(help_text="Objects with one of list, segment, fan and its id.")
    exclude = serializers.JSONField(required=False)
    automatic_exclusions = AutomaticInput(required=False, help_text="null switches one off.")
    caps = CapsInput(required=False)
    schedule = ScheduleInput(required=False)
    priority = serializers.ChoiceField(choices=[rules.NORMAL, rules.REENGAGEMENT], default=rules.NORMAL)


class CampaignChange(CampaignInput):
    """As CampaignInput, in part; the account stays."""

    account_id = None  # type: ignore[assignment]


class ApproveInput(ClosedSerializer):
    content_hash = StrictText(
        max_length=71, help_text="The `contentHash` of the campaign that was looked at."
    )


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


class ProgressOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    status = serializers.CharField()
    totals = TotalsOutput()
    excluded_by = serializers.DictField(child=serializers.IntegerField())
    unsend = serializers.DictField(child=serializers.IntegerField())
    rate_per_minute = serializers.FloatField()
    estimated_completion_time = serializers.DateTimeField(allow_null=True)
    approval = ApprovalOutput(allow_null=True)


def new_draft(data: dict[str, Any], account: PlatformAccount) -> CampaignDraft:
    """The draft of a checked request; raises Invalid."""
    empty = CampaignDraft(
        name="", language="en", text="", price=Decimal(0), is_locked_text=False, media_ids=(), include=(),
        exclude=(), in_conversation_minutes=30, recent_campaign_hours=24, same_text_days=30, same_media_days=365,
        most_recipients=None, scheduled_for=None,
        timezone=account.creator.timezone, priority=rules.NORMAL,
    )  # fmt: skip
    return changed_draft(empty, data, account)


def changed_draft(draft: CampaignDraft, data: dict[str, Any], account: PlatformAccount) -> CampaignDraft:
    """The draft with what the request names; raises Invalid."""
    changes: dict[str, Any] = {name: data[name] for name in ("name", "priority") if name in data}
    if "content" in data:
        changes |= _content(data["content"])
    if "media_ids" in data:
        changes["media_ids"] = tuple(data["media_ids"])
    if "price" in data:
        changes["price"] = data["price"] or Decimal(0)
    if "locked_text" in data:
        changes["is_locked_text"] = data["locked_text"]
    for field in ("include", "exclude"):
        if field in data:
            changes[field] = _parts(data[field], field)
    changes |= data.get("automatic_exclusions", {})
    changes |= data.get("caps", {})
    if "schedule" in data:
        changes |= _schedule(data["schedule"], account)
    return replace(draft, **changes)


def _content(data: dict[str, str]) -> dict[str, Any]:
    given = [language for language in LANGUAGES if language in data]
    if len(given) != 1:
        raise Invalid(
            FieldError("content", "Give the text in one language, en or fr: a fan's own is not known.")
        )
    return {"language": given[0], "text": data[given[0]]}


def _parts(value: Any, field: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise Invalid(FieldError(field, "Use a list of objects with list, segment or fan."))
    return tuple(value)


def _schedule(data: dict[str, Any], account: PlatformAccount) -> dict[str, Any]:
    name = data.get("timezone", account.creator.timezone)
    place = rules.zone(name)
    if place is None:
        raise Invalid(FieldError("schedule.timezone", "Unknown time zone."))
    if data["kind"] == "now":
        return {"scheduled_for": None, "timezone": name}
    if "date" not in data or "at" not in data:
        raise Invalid(FieldError("schedule", "Give date and at."))
    moment = rules.moment_in(datetime.combine(data["date"], data["at"].replace(tzinfo=None)), place)
    if moment is None:
        raise Invalid(FieldError("schedule.at", "The clocks skip this time there."))
    return {"scheduled_for": moment, "timezone": name}


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
        "caps": {"most_recipients": row.most_recipients},
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
        "rate_per_minute": found.rate_per_minute,
        "estimated_completion_time": _iso(found.ends_at),
        "approval": approval(row),
    }


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
