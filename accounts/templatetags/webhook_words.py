"""Words for events, states of endpoints and what became of a delivery."""

from typing import Any

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts.rules.webhooks import PING, EventKind

register = template.Library()
Words = dict[str, str | Promise]

EVENTS: Words = {
    EventKind.MESSAGE_SENT: _("A message was sent"),
    EventKind.MESSAGE_FAILED: _("A message could not be sent"),
    EventKind.MESSAGE_UNCERTAIN: _("It is not known whether a message arrived"),
    EventKind.MESSAGE_RECEIVED: _("A fan wrote"),
    EventKind.CAMPAIGN_FINISHED: _("A campaign has ended"),
    EventKind.ACCOUNT_NEEDS_REAUTH: _("An account has to be connected again"),
    EventKind.EXPORT_READY: _("An export is ready"),
    PING: _("A test"),
}
#: Why an endpoint is switched off.
REASONS: Words = {
    "by_member": _("A member switched it off."),
    "gone": _("It answered that the address is gone for good."),
    "failing": _("It failed for five days."),
}
STATES: dict[str, tuple[str | Promise, str]] = {
    "queued": (_("Waiting"), "info"),
    "working": (_("Under way"), "info"),
    "done": (_("Delivered"), "ok"),
    "failed": (_("Given up"), "danger"),
}
ERRORS: Words = {
    "address_refused": _("The address is none that may be called."),
    "connect": _("No connection could be made."),
    "connect_timeout": _("No connection could be made in time."),
    "connection_refused": _("The connection was refused."),
    "dns": _("The name is unknown."),
    "invalid_url": _("The address is none that may be called."),
    "tls": _("Its certificate is not valid."),
    "too_late": _("It waited for three days."),
    "unreadable_secret": _("Its secret can't be read: make a new one."),
}


@register.filter
def event_word(kind: str) -> Any:
    return EVENTS.get(kind, kind)


@register.filter
def off_word(reason: str) -> Any:
    return REASONS.get(reason, "")


@register.filter
def delivery_word(state: str) -> Any:
    return STATES[state][0]


@register.filter
def delivery_tone(state: str) -> str:
    return STATES[state][1]


@register.filter
def error_word(code: str) -> Any:
    """A sentence for what went wrong; an answer says its number, anything without words that there was none."""
    if not code:
        return ""
    if code.startswith("http_"):
        return _now("It answered {status}.").format(status=code.removeprefix("http_"))
    return ERRORS.get(code, _("It did not answer in time, or not readably."))
