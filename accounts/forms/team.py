"""Input of the team's pages."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from accounts.forms.signup import new_password
from accounts.models import Creator
from accounts.templatetags.team_words import ROLES
from accounts.types import Role

_PLAIN = RegexValidator(r"^[^\x00-\x1f\x7f]*$")


def _roles(roles: Iterable[Role]) -> list[tuple[str, Any]]:
    return [(role.value, ROLES[role]) for role in roles]


def _creators(creators: Iterable[Creator]) -> list[tuple[str, str]]:
    return [(creator.public_id, creator.stage_name) for creator in creators]


class InviteForm(forms.Form):
    email = forms.EmailField(
        label=_("Email"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    role = forms.ChoiceField(label=_("Role"))
    creators = forms.MultipleChoiceField(
        label=_("Works for"),
        required=False,
        help_text=_("For a creator's own login: that one creator."),
        widget=forms.CheckboxSelectMultiple,
    )
    sees_all_creators = forms.BooleanField(
        label=_("As a manager: every creator, also future ones"), required=False
    )

    def __init__(
        self, roles: Iterable[Role], creators: Iterable[Creator], *args: Any, reaches_all: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = _roles(roles)  # type: ignore[attr-defined]
        self.fields["role"].initial = Role.CHATTER
        self.fields["creators"].choices = _creators(creators)  # type: ignore[attr-defined]
        if not reaches_all or Role.MANAGER not in roles:
            del self.fields["sees_all_creators"]


class RightsForm(forms.Form):
    """Another role, another scope."""

    role = forms.ChoiceField(label=_("Role"))
    sees_all_creators = forms.BooleanField(
        label=_("As a manager: every creator, also future ones"), required=False
    )

    def __init__(self, roles: Iterable[Role], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kept = [role for role in roles if role is not Role.CREATOR]
        self.fields["role"].choices = _roles(kept)  # type: ignore[attr-defined]


class AssignForm(forms.Form):
    """Work for a creator, for a while or for good; times are of the workspace's zone."""

    creator = forms.ChoiceField(label=_("Creator"))
    starts_at = forms.DateTimeField(
        label=_("From"), required=False, help_text=_("Now when empty."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )  # fmt: skip
    ends_at = forms.DateTimeField(
        label=_("Until"), required=False, help_text=_("Open when empty."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )  # fmt: skip

    def __init__(self, creators: Iterable[Creator], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["creator"].choices = _creators(creators)  # type: ignore[attr-defined]


class OffboardForm(forms.Form):
    """The typed name says that whoever clicks means it."""

    typed = forms.CharField(label=_("Type the name to confirm"), max_length=100)
    reason = forms.CharField(label=_("Reason (kept in the audit log)"), max_length=200, required=False)

    def __init__(self, name: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name = name

    def clean_typed(self) -> str:
        typed = str(self.cleaned_data["typed"])
        if typed.strip() != self.name.strip():
            raise forms.ValidationError(_("This is not the name."))
        return typed


class CreatorForm(forms.Form):
    stage_name = forms.CharField(label=_("Stage name"), max_length=80, validators=[_PLAIN])


class JoinForm(forms.Form):
    """A new person takes up an invitation."""

    name = forms.CharField(
        label=_("Name"), min_length=2, max_length=50, validators=[_PLAIN],
        widget=forms.TextInput(attrs={"autocomplete": "name", "autofocus": True}),
    )  # fmt: skip
    password = new_password(_("Password"))
    accept_terms = forms.BooleanField(
        label=_("I accept the terms of service, the data processing agreement and the privacy notice."),
        error_messages={"required": _("Accept the terms to go on.")},
    )


class ProveForm(forms.Form):
    """Somebody who has an account takes up an invitation."""

    password = forms.CharField(
        label=_("Password"),
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )
