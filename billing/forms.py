"""What the billing pages take."""

from django import forms

from billing.types import Interval

_INTERVALS = [(interval.value, interval.value) for interval in Interval]


class PlanForm(forms.Form):
    plan = forms.SlugField(max_length=20)
    interval = forms.ChoiceField(choices=_INTERVALS)


class ChangeForm(PlanForm):
    proration_date = forms.IntegerField(min_value=0, max_value=4_000_000_000, required=False)


class PackForm(forms.Form):
    pack = forms.SlugField(max_length=20)
