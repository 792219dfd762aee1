"""Input of signing up."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import RegexValidator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.rules import zones
from accounts.rules.passwords import MOST


def new_password(label: Any, *, is_first: bool = False) -> forms.CharField:
    """A field for a password somebody chooses now."""
    attributes = {"autocomplete": "new-password"} | ({"autofocus": True} if is_first else {})
    return forms.CharField(
        label=label,
        max_length=MOST,
        strip=False,
        help_text=gettext_lazy("At least 8 characters with lower case, upper case and a digit."),
        widget=forms.PasswordInput(attrs=attributes),
    )


class SignUpForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        min_length=2,
        max_length=50,
        validators=[RegexValidator(r"^[^\x00-\x1f\x7f]*$")],
        widget=forms.TextInput(attrs={"autocomplete": "name", "autofocus": True}),
    )
    email = forms.EmailField(
        label=gettext_lazy("Email"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )
    password = new_password(gettext_lazy("Password"))
    accept_terms = forms.BooleanField(
        label="", error_messages={"required": gettext_lazy("Accept the terms to go on.")}
    )

    timezone = forms.CharField(
        required=False, max_length=64, widget=forms.HiddenInput(attrs={"data-zone": True})
    )

    def clean_timezone(self) -> str:
        """The browser's, where we know it; nobody typed it, so nobody is told that it is wrong."""
        named = str(self.cleaned_data["timezone"])
        return named if zones.is_zone(named) else zones.UTC

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["accept_terms"].label = _consent()


def _consent() -> str | SafeString:
    """The sentence with links to the texts, where the operator says where they stand."""
    if not (settings.TERMS_URL and settings.PRIVACY_URL):
        return _("I accept the terms of service, the data processing agreement and the privacy notice.")
    link = '<a href="{}" target="_blank" rel="noopener">{}</a>'
    terms = format_html(link, settings.TERMS_URL, _("terms of service and data processing agreement"))
    privacy = format_html(link, settings.PRIVACY_URL, _("privacy notice"))
    return format_html(_("I accept the {terms} and the {privacy}."), terms=terms, privacy=privacy)
