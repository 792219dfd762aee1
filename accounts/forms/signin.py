"""Input of signing in, and of proving again who one is."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


def _password(*, is_first: bool = False, is_required: bool = True) -> forms.CharField:
    attributes = {"autocomplete": "current-password"} | ({"autofocus": True} if is_first else {})
    return forms.CharField(
        label=_("Password"),
        max_length=128,
        strip=False,
        required=is_required,
        widget=forms.PasswordInput(attrs=attributes),
    )


def code_field(label: Any, *, is_first: bool = False) -> forms.CharField:
    """A code of an app, or a recovery code; browsers offer what they have."""
    attributes = {"autocomplete": "one-time-code", "spellcheck": "false", "autocapitalize": "none"}
    return forms.CharField(
        label=label,
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs=attributes | ({"autofocus": True} if is_first else {})),
    )


class SignInForm(forms.Form):
    email = forms.EmailField(
        label=_("Email"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = _password()
    remember_me = forms.BooleanField(label=_("Keep me signed in for 30 days"), required=False)


class PasskeyForm(forms.Form):
    """The answer of a passkey, as the browser's script writes it into the form of the password."""

    response = forms.CharField(max_length=20_000)
    remember_me = forms.BooleanField(required=False)


class CodeForm(forms.Form):
    """A code, or the answer of a security key in `response`, as the browser's script writes it."""

    code = code_field(_("Code of your app, or a recovery code"), is_first=True)
    response = forms.CharField(required=False, max_length=20_000, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("code") and not data.get("response"):
            self.add_error("code", gettext("Enter a code."))
        return data


class ConfirmForm(forms.Form):
    """The password, or for who has one a second factor."""

    password = _password(is_first=True, is_required=False)
    code = code_field(_("Or a code of your second factor"))

    def __init__(self, *args: Any, is_strict: bool = False, **kwargs: Any) -> None:
        """`is_strict`: only the second factor will do."""
        super().__init__(*args, **kwargs)
        if is_strict:
            del self.fields["password"]
            self.fields["code"].label = gettext("A code of your second factor")
            self.fields["code"].required = True

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("code") and not data.get("password") and "password" in self.fields:
            self.add_error("password", gettext("Enter your password."))
        return data
