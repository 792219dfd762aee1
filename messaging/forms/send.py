"""Input of the form that sends one message."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from accounts.models import PlatformAccount
from huntaze.kernel.errors import FieldError
from messaging.rules import content, lanes
from messaging.types import SendCommand

_FORM_ID = r"^[0-9a-f]{32}$"
#: Slack for "now" in a form that was filled in slowly.
_JUST_PAST = timedelta(minutes=1)

#: Where a fault of the rules is shown, and the sentences that the rules use, for translation.
FIELDS = {"content": "text", "mediaIds": "media_ids", "price": "price", "lockedText": "is_locked_text"}
SENTENCES = (
    gettext_noop("Write a text or attach media."),
    gettext_noop("Use at most 5,000 characters."),
    gettext_noop("Control characters are not allowed."),
    gettext_noop("Attach at most 30 media."),
    gettext_noop("Attach each medium once."),
    gettext_noop("This is not a media id."),
    gettext_noop("Only a message with a price can lock its text."),
    gettext_noop("Use 0, or a price from 3 to 200."),
    gettext_noop("A price needs media to sell."),
    gettext_noop("Plan at most a year ahead."),
    gettext_noop("This fan can't receive messages"),
)


class SendForm(forms.Form):
    """One message to one fan. `token` makes a form that arrives twice one message."""

    token = forms.RegexField(_FORM_ID, widget=forms.HiddenInput, initial=lambda: uuid4().hex)
    account = forms.ChoiceField(label=gettext_lazy("From"))
    recipient = forms.CharField(
        label=gettext_lazy("To"),
        max_length=110,
        help_text=gettext_lazy("An exact @handle, the fan's id on OnlyFans, or a fan_… id."),
        widget=forms.TextInput(
            attrs={
                "list": "recent-fans",
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        ),
    )
    text = forms.CharField(
        label=gettext_lazy("Message"),
        required=False,
        strip=False,
        widget=forms.Textarea(
            attrs={"rows": 5, "maxlength": content.MOST_CHARACTERS, "data-count": "count-text"}
        ),
    )
    price = forms.CharField(
        label=gettext_lazy("Price"),
        required=False,
        max_length=12,
        help_text=gettext_lazy("Empty or 0 for a free message, else 3 to 200."),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    media_ids = forms.CharField(
        label=gettext_lazy("Media ids"),
        required=False,
        max_length=3000,
        help_text=gettext_lazy("Separate several with spaces."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    is_locked_text = forms.BooleanField(
        label=gettext_lazy("Show the text only after the purchase"), required=False
    )
    priority = forms.TypedChoiceField(
        label=gettext_lazy("Priority"),
        coerce=int,
        initial=lanes.DEFAULT,
        help_text=gettext_lazy("6 to 9 leave one every few seconds, so that replies always get through."),
    )
    scheduled_at = forms.DateTimeField(
        label=gettext_lazy("Not before"),
        required=False,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def __init__(self, accounts: list[PlatformAccount], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        names = [(account.public_id, f"{account} · {account.creator.stage_name}") for account in accounts]
        self.fields["account"].choices = names  # type: ignore[attr-defined]
        self.fields["priority"].choices = priorities()  # type: ignore[attr-defined]

    def clean_price(self) -> Decimal | None:
        text = self.cleaned_data["price"].strip().replace(",", ".").removeprefix("$").strip()
        if not text:
            return None
        if not content.PRICE.fullmatch(text):
            raise ValidationError(_("Write the price as a number, such as 12.50."))
        return Decimal(text)

    def clean_media_ids(self) -> tuple[str, ...]:
        return tuple(part for part in re.split(r"[\s,;]+", self.cleaned_data["media_ids"]) if part)

    def clean_scheduled_at(self) -> Any:
        moment = self.cleaned_data["scheduled_at"]
        if moment is not None and moment < timezone.now() - _JUST_PAST:
            raise ValidationError(_("This time is over."))
        return moment

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not self.errors:
            self.add_faults(list(content.faults(self.command())))
        return data

    def add_faults(self, faults: list[FieldError]) -> None:
        """Show faults of the rules at the fields they are about."""
        for fault in faults:
            name = FIELDS.get(fault.field.split(".")[0])
            self.add_error(name, _(fault.message))

    def command(self, recipient_id: str = "") -> SendCommand:
        """The cleaned input as a command; the recipient is found by the caller."""
        data = self.cleaned_data
        return SendCommand(
            recipient_id=recipient_id,
            content=data["text"].replace("\r\n", "\n"),
            priority=data["priority"],
            account_id=data["account"],
            scheduled_at=data["scheduled_at"],
            price=data["price"],
            is_locked_text=data["is_locked_text"],
            media_ids=data["media_ids"],
        )

    @property
    def has_extras(self) -> bool:
        """Whether the folded part holds something a person must see."""
        names = ("price", "media_ids", "is_locked_text", "priority", "scheduled_at")
        return any(name in self.errors or self[name].value() not in self._plain(name) for name in names)

    def _plain(self, name: str) -> tuple[Any, ...]:
        return (lanes.DEFAULT, str(lanes.DEFAULT)) if name == "priority" else (None, "", False)


def priorities() -> list[tuple[int, str]]:
    """1 to 9, the ends and the middle in words."""
    words = {lanes.HIGHEST: _("1 · first"), lanes.DEFAULT: _("5 · normal"), lanes.LOWEST: _("9 · last")}
    return [(number, words.get(number, str(number))) for number in range(lanes.HIGHEST, lanes.LOWEST + 1)]
