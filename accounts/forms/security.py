"""Input of the pages about one's own ways in."""

from django import forms
from django.utils.translation import gettext_lazy as _

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
