"""Input of the page on which a campaign is written: who gets it, what, and when."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from accounts.models import PlatformAccount
from huntaze.kernel.errors import FieldError
from huntaze.kernel.money import Money
from messaging.models import Campaign
from messaging.rules import campaigns as rules
from messaging.rules import content
from messaging.rules.presets import PRESETS
from messaging.types import CampaignDraft

#: Words of the audiences that need no building; they become the names of the segments.
PRESET_WORDS = {
    "everybody": gettext_lazy("Everybody who can receive messages"),
    "active_7": gettext_lazy("Active in the last 7 days"),
    "new_7": gettext_lazy("New in the last 7 days"),
    "silent_30": gettext_lazy("Silent for more than 30 days"),
    "bought_30": gettext_lazy("Bought in the last 30 days"),
    "never_bought": gettext_lazy("Never bought anything"),
}
FIELDS = {"content": "text", "mediaIds": "media_ids", "price": "price", "lockedText": "is_locked_text",
          "include": "audience", "exclude": "exclude", "schedule": "scheduled_for", "priority": "priority"}  # fmt: skip
SENTENCES = (
    gettext_noop("Plan for a time to come, at most a year ahead."),
    gettext_noop("Say who gets it: a list, a segment or a fan."),
    gettext_noop("A fresh upload can be sent once: use the id that it has in the vault."),
    gettext_noop("Filled in, the text can pass 5,000 characters."),
)
_WHEN = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


class CampaignForm(forms.Form):
    """One campaign of one account; `audiences` are its segments and lists as (kind, id, name)."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=rules.MOST_NAME,
        help_text=gettext_lazy("For your team; fans never see it."),
    )
    audience = forms.ChoiceField(label=gettext_lazy("Who gets it"))
    exclude = forms.ChoiceField(label=gettext_lazy("But not"), required=False)
    most_recipients = forms.IntegerField(
        label=gettext_lazy("At most"), required=False, min_value=1, max_value=1_000_000,
        help_text=gettext_lazy("How many fans; those active last come first. Empty: all."),
    )  # fmt: skip
    language = forms.ChoiceField(
        label=gettext_lazy("Language of the text"), choices=[("en", "English"), ("fr", "Français")]
    )
    text = forms.CharField(
        label=gettext_lazy("Message"), required=False, strip=False,
        help_text=gettext_lazy(
            "Filled in for each fan: {firstName}, {name}, {creatorName}, {timeOfDay}; {firstName|you} names what "
            "stands there without one."
        ),
        widget=forms.Textarea(attrs={"rows": 6, "maxlength": content.MOST_CHARACTERS, "data-count": "count-text"}),
    )  # fmt: skip
    price = forms.CharField(
        label=gettext_lazy("Price"), required=False, max_length=12,
        help_text=gettext_lazy("Empty or 0 for a free message, else 3 to 200."),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )  # fmt: skip
    media_ids = forms.CharField(
        label=gettext_lazy("Media ids"), required=False, max_length=3000,
        help_text=gettext_lazy("Separate several with spaces."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    is_locked_text = forms.BooleanField(
        label=gettext_lazy("Show the text only after the purchase"), required=False
    )
    scheduled_for = forms.DateTimeField(
        label=gettext_lazy("Not before"), required=False, input_formats=_WHEN,
        help_text=gettext_lazy("Empty: as soon as it is launched."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )  # fmt: skip
    most_per_hour = forms.IntegerField(
        label=gettext_lazy("At most an hour"), required=False, min_value=1, max_value=100_000
    )

    def __init__(self, audiences: list[tuple[str, str, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        kinds = {"segment": _("Segments"), "list": _("Lists")}
        kept = [(str(words), [(f"{kind}:{key}", name) for kind, key, name in audiences if kind == one])
                for one, words in kinds.items()]  # fmt: skip
        groups = [(label, rows) for label, rows in kept if rows]
        presets = [(f"preset:{key}", words) for key, words in PRESET_WORDS.items()]
        self.fields["audience"].choices = [(_("Ready-made"), presets), *groups]  # type: ignore[attr-defined]
        self.fields["exclude"].choices = [("", _("Nobody is left out")), *groups]  # type: ignore[attr-defined]

    def clean_price(self) -> Decimal:
        text = self.cleaned_data["price"].strip().replace(",", ".").removeprefix("$").strip()
        if text and not content.PRICE.fullmatch(text):
            raise ValidationError(_("Write the price as a number, such as 12.50."))
        return Decimal(text or 0)

    def clean_media_ids(self) -> tuple[str, ...]:
        return tuple(part for part in re.split(r"[\s,;]+", self.cleaned_data["media_ids"]) if part)

    @property
    def preset(self) -> str:
        """The ready-made audience that was chosen; empty for one of the account's own."""
        kind, _sep, key = self.cleaned_data["audience"].partition(":")
        return key if kind == "preset" and key in PRESETS else ""

    def add_faults(self, faults: list[FieldError]) -> None:
        """Show what the service found wrong at the fields it is about."""
        for fault in faults:
            name = FIELDS.get(fault.field.split(".")[0])
            self.add_error(name, _(fault.message))

    def draft(
        self, account: PlatformAccount, include: dict[str, str], before: CampaignDraft | None = None
    ) -> CampaignDraft:
        """The cleaned input as a draft; what the page doesn't ask for stays as it was, or is as the API has it. What
        is wrong so far counts as not given."""
        data = self.cleaned_data
        return CampaignDraft(
            name=data.get("name", ""),
            language=data.get("language", "en"),
            text=data.get("text", "").replace("\r\n", "\n"),
            price=data.get("price", Decimal(0)),
            is_locked_text=data.get("is_locked_text", False),
            media_ids=data.get("media_ids", ()),
            include=(include,),
            exclude=(part_of(data["exclude"]),) if data.get("exclude") else (),
            in_conversation_minutes=before.in_conversation_minutes if before else 30,
            recent_campaign_hours=before.recent_campaign_hours if before else 24,
            same_text_days=before.same_text_days if before else 30,
            same_media_days=before.same_media_days if before else 365,
            most_recipients=data.get("most_recipients"),
            most_per_hour=data.get("most_per_hour"),
            most_per_day=before.most_per_day if before else None,
            scheduled_for=data.get("scheduled_for"),
            timezone=before.timezone if before else account.creator.timezone,
            priority=before.priority if before else rules.NORMAL,
        )


def part_of(value: str) -> dict[str, str]:
    """`segment:seg_…` as an audience names it."""
    kind, _sep, key = value.partition(":")
    return {kind: key}


def initial_of(campaign: Campaign) -> dict[str, Any]:
    """A stored campaign as the form shows it. More than one part, or single fans, stay with the API."""

    def first(parts: list[dict[str, str]]) -> str:
        return next((f"{kind}:{key}" for part in parts for kind, key in part.items()), "")

    price = Money(campaign.price_minor, campaign.currency).amount
    when: datetime | None = campaign.scheduled_for
    return {
        "name": campaign.name,
        "audience": first(campaign.include),
        "exclude": first(campaign.exclude),
        "most_recipients": campaign.most_recipients,
        "language": campaign.language,
        "text": campaign.text.reveal(),
        "price": str(price) if price else "",
        "media_ids": " ".join(campaign.media_ids),
        "is_locked_text": campaign.is_locked_text,
        "scheduled_for": when,
        "most_per_hour": campaign.most_per_hour,
    }
