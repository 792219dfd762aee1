"""Input of setting up."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms.profile import PLAIN, ZoneField


class FirstCreatorForm(forms.Form):
    """The person whose fans write; `zone` is what is proposed."""

    stage_name = forms.CharField(
        label=_("Stage name"),
        max_length=80,
        validators=[PLAIN],
        help_text=_("The name that fans know. You can change it at any time."),
    )
    timezone = ZoneField(label=_("Time zone"), help_text=_("The creator's day begins and ends here."))

    def __init__(self, data: Any = None, *, zone: str) -> None:
        super().__init__(data, initial={"timezone": zone})
        field = self.fields["timezone"]
        assert isinstance(field, ZoneField)
        field.offer(zone)
