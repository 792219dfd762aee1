"""Making an API key."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.rules.capabilities import RESOURCES

SCOPES = ["read", "write", *(f"{name}:{action}" for name in RESOURCES for action in ("read", "write"))]
SCOPE_WORDS = {"read": _("Read everything (read)"), "write": _("Change everything (write)")}
LIFETIMES = [("", _("No end")), ("30", _("30 days")), ("90", _("90 days")), ("365", _("One year"))]


class KeyForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80)
    scopes = forms.MultipleChoiceField(
        label=_("May"),
        choices=[(scope, SCOPE_WORDS.get(scope, scope)) for scope in SCOPES],
        initial=["read"],
        widget=forms.CheckboxSelectMultiple,
    )
    lifetime = forms.ChoiceField(label=_("Ends after"), choices=LIFETIMES, required=False)
    allowed_ips = forms.CharField(
        label=_("Only from these addresses"),
        required=False,
        max_length=2000,
        help_text=_(
            "Addresses or ranges such as 192.0.2.0/24, separated by spaces; empty means from anywhere."
        ),
    )

    def addresses(self) -> list[str]:
        return str(self.cleaned_data["allowed_ips"]).replace(",", " ").split()

    def lasts(self) -> timedelta | None:
        days = self.cleaned_data["lifetime"]
        return timedelta(days=int(days)) if days else None

    def add_faults(self, faults: Any) -> None:
        """What the service found wrong, beside its field."""
        for fault in faults:
            name = {"allowedIps": "allowed_ips", "expiresAt": "lifetime"}.get(
                fault.field.split(".")[0], "scopes"
            )
            self.add_error(name, _("This can't be used: %(what)s") % {"what": fault.message})
