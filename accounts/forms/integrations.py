"""Input of the pages on which accounts are connected."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Creator
from accounts.rules import connections as rules


class ConsentForm(forms.Form):
    """Agreeing is a deed: the box is never ticked beforehand."""

    consent = forms.BooleanField(
        label=_("I have read this, the creator knows of it, and we agree"),
        error_messages={"required": _("Without this agreement nothing is connected.")},
    )


class ConnectForm(ConsentForm):
    creator = forms.ChoiceField(label=_("Creator"))

    field_order = ("creator", "consent")

    def __init__(self, creators: Iterable[Creator], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["creator"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(row.public_id, row.stage_name) for row in creators]


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code"),
        max_length=rules.MOST_CODE,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )
