"""Input of the settings: a person's own particulars, and the workspace's."""

from typing import Any

from babel.numbers import get_currency_name
from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User, Workspace
from accounts.rules import zones

PLAIN = RegexValidator(r"^[^\x00-\x1f\x7f]*$")
UNDO_SECONDS = (0, 5, 10, 20, 30)
LANGUAGES = [("en", "English"), ("fr", "Français")]
#: Currencies that platforms pay out in; another one that a workspace has already stays on offer.
CURRENCIES = (
    "USD", "EUR", "GBP", "CAD", "AUD", "NZD", "CHF", "SEK", "NOK", "DKK", "PLN", "CZK", "RON", "BRL", "MXN", "COP",
    "ARS", "JPY",
)  # fmt: skip


class LocaleForm(forms.Form):
    locale = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)


class ZoneField(forms.ChoiceField):
    """A time zone, chosen from the places of the world; `known` stays on offer whatever it is."""

    def offer(self, known: str, otherwise: Any = None) -> None:
        """Fill in the choices; `otherwise` is what choosing none means."""
        choices: list[Any] = [("", otherwise)] if otherwise is not None else []
        choices += [
            (region, [(name, zones.city(name)) for name in names])
            for region, names in zones.by_region().items()
        ]
        others = {zones.UTC, known} - {name for names in zones.by_region().values() for name in names} - {""}
        self.choices = [*choices, *((name, name) for name in sorted(others))]


class ProfileForm(LocaleForm):
    name = forms.CharField(
        label=_("Name"),
        min_length=2,
        max_length=50,
        validators=[PLAIN],
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    timezone = ZoneField(label=_("Time zone"), required=False)

    undo_seconds = forms.TypedChoiceField(
        label=_("Taking back what you send"),
        coerce=int,
        required=False,
        help_text=_("So long a message sent from a page waits before it leaves."),
    )

    field_order = ("name", "locale", "timezone", "undo_seconds")

    def __init__(self, user: User, data: Any = None) -> None:
        super().__init__(data, initial={name: getattr(user, name) for name in self.field_order})
        zone = self.fields["timezone"]
        assert isinstance(zone, ZoneField)
        zone.offer(user.timezone, _("The workspace's"))
        undo = self.fields["undo_seconds"]
        undo.choices = [(seconds, _waits(seconds)) for seconds in UNDO_SECONDS]  # type: ignore[attr-defined]
        undo.empty_value = user.undo_seconds  # type: ignore[attr-defined]  # a form that does not ask changes nothing


def _waits(seconds: int) -> str:
    if not seconds:
        return gettext("Leave at once")
    return ngettext("%(seconds)d second", "%(seconds)d seconds", seconds) % {"seconds": seconds}


class WorkspaceForm(forms.Form):
    name = forms.CharField(label=_("Name of the workspace"), min_length=2, max_length=100, validators=[PLAIN])
    timezone = ZoneField(label=_("Time zone"), help_text=_("Of everybody who has chosen none of their own."))
    currency = forms.ChoiceField(label=_("Currency"))

    def __init__(self, workspace: Workspace, data: Any = None) -> None:
        # fields of two forms stand on one page: each has ids of its own
        initial = {name: getattr(workspace, name) for name in ("name", "timezone", "currency")}
        super().__init__(data, initial=initial, auto_id="id_workspace_%s")
        zone, currency = self.fields["timezone"], self.fields["currency"]
        assert isinstance(zone, ZoneField)
        assert isinstance(currency, forms.ChoiceField)
        zone.offer(workspace.timezone)
        codes = CURRENCIES if workspace.currency in CURRENCIES else (*CURRENCIES, workspace.currency)
        currency.choices = [(code, f"{code} – {_currency_name(code)}") for code in codes]


def _currency_name(code: str) -> str:
    return str(get_currency_name(code, locale=(get_language() or "en")[:2]))
