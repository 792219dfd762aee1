"""Input of the pages of outgoing webhooks."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.rules.webhooks import EventKind
from accounts.templatetags.webhook_words import EVENTS
from huntaze.kernel.errors import FieldError


class EndpointForm(forms.Form):
    """The address is text: what may be called is the service's to judge, in one place for page and API."""

    url = forms.CharField(
        label=_("Address"),
        max_length=2000,
        help_text=_("A public https address, on port 443 or 8443."),
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
    )
    events = forms.MultipleChoiceField(
        label=_("Tell it about"),
        choices=[(str(kind), EVENTS[kind]) for kind in EventKind],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one.")},
    )
    description = forms.CharField(
        label=_("Name"), max_length=80, required=False, help_text=_("What it is for, for your team.")
    )

    def add_faults(self, faults: list[FieldError] | tuple[FieldError, ...]) -> None:
        """What the service found wrong, beside its field."""
        said: dict[str, Any] = {"url": _("Use a public https address, on port 443 or 8443.")}
        for fault in faults:
            self.add_error(fault.field, said.get(fault.field, fault.message))
