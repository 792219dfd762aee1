"""The steps of setting up in words: what each is, and what it is good for."""

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

register = template.Library()

TITLES: dict[str, Promise] = {
    "welcome": _("Confirm your email address"),
    "creator_assessment": _("Add your first creator"),
    "first_platform": _("Connect an OnlyFans account"),
    "second_factor": _("Add a second factor"),
    "additional_platforms": _("Connect another platform"),
    "completion": _("Send a first message"),
}
REASONS: dict[str, Promise] = {
    "welcome": _(
        "Follow the link of our mail: connecting accounts, inviting people and exporting wait for it."
    ),
    "creator_assessment": _("You yourself, or the first person you work for."),
    "first_platform": _("The creator signs in on OnlyFansAPI's page; Huntaze never sees the password."),
    "second_factor": _("Without it, a stolen password is enough to get at your fans."),
    "additional_platforms": _("Without it, Huntaze knows your fans of one platform only."),
    "completion": _("You see it wait its turn, go out and arrive."),
}
STATES: dict[str, Promise] = {
    "pending": _("To do"),
    "completed": _("Done"),
    "skipped": _("Skipped"),
}


@register.filter
def is_it(step: str, current: str | None) -> bool:
    return step == current


@register.filter
def title_of(step: str) -> Promise:
    return TITLES[step]


@register.filter
def reason_of(step: str) -> Promise:
    return REASONS[step]


@register.filter
def state_of(status: str) -> Promise:
    return STATES[status]
