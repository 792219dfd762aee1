"""Words of campaigns: states, why fans are left out, and what a refusal means."""

from django import template
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from messaging.types import CampaignState as S

register = template.Library()

STATES = {
    S.DRAFT: pgettext_lazy("campaign", "Draft"),
    S.AWAITING_APPROVAL: pgettext_lazy("campaign", "To be approved"),
    S.SCHEDULED: pgettext_lazy("campaign", "Scheduled"),
    S.PLANNING: pgettext_lazy("campaign", "Starting"),
    S.RUNNING: pgettext_lazy("campaign", "Running"),
    S.PAUSED: pgettext_lazy("campaign", "Paused"),
    S.DONE: pgettext_lazy("campaign", "Done"),
    S.CANCELLED: pgettext_lazy("campaign", "Cancelled"),
    S.FAILED: pgettext_lazy("campaign", "Failed"),
    S.UNSENDING: pgettext_lazy("campaign", "Being taken back"),
    S.UNSENT: pgettext_lazy("campaign", "Taken back"),
}
TONES = {S.AWAITING_APPROVAL: "warn", S.SCHEDULED: "info", S.PLANNING: "accent", S.RUNNING: "accent", S.PAUSED: "warn",
         S.DONE: "ok", S.FAILED: "danger", S.UNSENDING: "warn"}  # fmt: skip
ICONS = {S.DRAFT: "minus", S.AWAITING_APPROVAL: "question", S.SCHEDULED: "calendar", S.PLANNING: "send",
         S.RUNNING: "send", S.PAUSED: "pause", S.DONE: "check", S.CANCELLED: "minus", S.FAILED: "cross",
         S.UNSENDING: "undo", S.UNSENT: "undo"}  # fmt: skip
EXCLUDED = {
    "excluded": _("You left them out"),
    "cannot_receive": _("They can't receive messages"),
    "in_conversation": _("Somebody is writing with them right now"),
    "recent_campaign": _("They got another campaign lately"),
    "same_text": _("They had this text already"),
    "same_media": _("They had some of these media already"),
    "over_cap": _("More than the most you set"),
}
REASONS = {
    "nobody": _("Nobody is in its audience."),
    "many_failures": _(
        "Too many messages failed, so it paused by itself. Look at the failed ones before you go on."
    ),
    "credits": _(
        "There are no message credits left for the rest, which waits. A pack or another plan helps at once."
    ),
    "billing": _("The subscription is unpaid: the rest waits, and goes out by itself as soon as it is paid."),
}
SECOND = {
    "missing": _(
        "Somebody else than the last editor has to approve this: more than 50 fans get it, or it costs more than $100."
    ),
    "not_available": _("Nobody else here may approve, so your own word is enough."),
    "present": _("Somebody else approved it."),
    "not_needed": "",
}


@register.filter
def campaign_word(state: str) -> str:
    return str(STATES[S(state)])


@register.filter
def campaign_tone(state: str) -> str:
    return TONES.get(S(state), "plain")


@register.filter
def campaign_icon(state: str) -> str:
    return ICONS[S(state)]


@register.filter
def excluded_word(reason: str) -> str:
    return str(EXCLUDED.get(reason, reason))


@register.filter
def stop_reason(reason: str) -> str:
    """Why a campaign stands as it stands; empty without a reason."""
    return str(REASONS.get(reason, _("It stopped; nothing is lost."))) if reason else ""


@register.filter
def second_word(second: str) -> str:
    """What a second pair of eyes means for this campaign."""
    return str(SECOND[second])
