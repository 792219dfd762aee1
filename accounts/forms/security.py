"""Input of the pages about one's own ways in."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms.signin import code_field
from accounts.forms.signup import new_password
from accounts.rules.passwords import MOST


class ResetForm(forms.Form):
    email = forms.EmailField(
        label=_("Email"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )


class NewPasswordForm(forms.Form):
    password = new_password(_("New password"), is_first=True)


class ChangePasswordForm(forms.Form):
    current_password = forms.CharField(
        label=_("Current password"),
        max_length=MOST,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new_password = new_password(_("New password"))


class DisableForm(forms.Form):
    password = forms.CharField(
        label=_("Password"),
        max_length=MOST,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    code = code_field(_("Code of your app, or a recovery code"))


class AppForm(forms.Form):
    code = code_field(_("The six digits that your app shows"), is_first=True)


class KeyForm(forms.Form):
    """`response` is what the browser's script writes."""

    name = forms.CharField(label=_("Name of the key"), max_length=60)
    response = forms.CharField(
        max_length=20_000,
        widget=forms.HiddenInput,
        error_messages={"required": _("The key did not answer. Try again.")},
    )
