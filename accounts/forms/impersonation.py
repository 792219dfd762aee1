"""Beginning a visit."""

from datetime import timedelta

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.rules.visits import LONGEST, LONGEST_REASON, SHORTEST_REASON


class VisitForm(forms.Form):
    reason = forms.CharField(
        label=_("Why"),
        min_length=SHORTEST_REASON,
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 60}),
        help_text=_(
            "At least 15 characters. The owners of the workspace read it, in a mail and in their audit log."
        ),
    )
    minutes = forms.IntegerField(
        label=_("For how many minutes"), min_value=1, max_value=LONGEST // timedelta(minutes=1), initial=30
    )
    asks_to_write = forms.BooleanField(
        label=_("I need to change something"),
        required=False,
        help_text=_(
            "A second member of staff has to agree first. Messages, exports, keys, money, ways in and connections "
            "stay closed."
        ),
    )
