"""What comes in at the campaigns API, checked and made into a draft."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from accounts.models import PlatformAccount
from huntaze.kernel.errors import FieldError, Invalid
from messaging.api.serializers import ClosedSerializer, StrictText
from messaging.rules import campaigns as rules
from messaging.rules import content as limits
from messaging.rules.placeholders import LANGUAGES
from messaging.types import CampaignDraft

#: What a cap is called on the wire, and in a draft.
CAPS = {"most_recipients": "most_recipients", "per_hour": "most_per_hour", "per_day": "most_per_day"}


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
    per_hour = serializers.IntegerField(
        min_value=1, max_value=100_000, allow_null=True, required=False, help_text="Messages in any hour."
    )
    per_day = serializers.IntegerField(
        min_value=1,
        max_value=1_000_000,
        allow_null=True,
        required=False,
        help_text="Messages in any 24 hours.",
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


def new_draft(data: dict[str, Any], account: PlatformAccount) -> CampaignDraft:
    """The draft of a checked request; raises Invalid."""
    empty = CampaignDraft(
        name="", language="en", text="", price=Decimal(0), is_locked_text=False, media_ids=(), include=(),
        exclude=(), in_conversation_minutes=30, recent_campaign_hours=24, same_text_days=30, same_media_days=365,
        most_recipients=None, most_per_hour=None, most_per_day=None, scheduled_for=None,
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
    changes |= {CAPS[name]: value for name, value in data.get("caps", {}).items()}
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
