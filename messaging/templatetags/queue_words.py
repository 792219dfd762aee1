"""The queue's words: what a state, an error or an account's trouble means, and what to do about it."""

from django import template
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.types import AccountState
from huntaze.templatetags.house import number
from messaging.rules.campaigns import NO_CREDITS, UNPAID
from messaging.selectors import COUNTED
from messaging.types import DeliveryState

register = template.Library()

STATES = {
    DeliveryState.HELD: pgettext_lazy("state", "Held"),
    DeliveryState.SCHEDULED: pgettext_lazy("state", "Planned"),
    DeliveryState.QUEUED: pgettext_lazy("state", "Queued"),
    DeliveryState.SENDING: pgettext_lazy("state", "Sending"),
    DeliveryState.SENT: pgettext_lazy("state", "Sent"),
    DeliveryState.UNCERTAIN: pgettext_lazy("state", "Uncertain"),
    DeliveryState.FAILED: pgettext_lazy("state", "Failed"),
    DeliveryState.CANCELLED: pgettext_lazy("state", "Cancelled"),
    DeliveryState.UNSENT: pgettext_lazy("state", "Unsent"),
}
TONES = {
    DeliveryState.QUEUED: "info",
    DeliveryState.SENDING: "accent",
    DeliveryState.SENT: "ok",
    DeliveryState.UNCERTAIN: "warn",
    DeliveryState.FAILED: "danger",
}
ICONS = {
    DeliveryState.HELD: "pause",
    DeliveryState.SCHEDULED: "calendar",
    DeliveryState.QUEUED: "clock",
    DeliveryState.SENDING: "send",
    DeliveryState.SENT: "check",
    DeliveryState.UNCERTAIN: "question",
    DeliveryState.FAILED: "cross",
    DeliveryState.CANCELLED: "minus",
    DeliveryState.UNSENT: "undo",
}
ERRORS = {
    "banned_words": _("OnlyFans refuses a word in this text. Write it differently and send a new message."),
    "not_found": _("This fan no longer exists on OnlyFans."),
    "forbidden": _("OnlyFans does not allow a message to this fan."),
    "invalid": _("OnlyFans does not accept the price or the media of this message."),
    "refused": _("OnlyFans refused this message."),
    "connection_refused": _("OnlyFans could not be reached."),
    "team_rate_limited": _("OnlyFansAPI asked all of us to wait; it goes out by itself."),
    "rate_limited": _("OnlyFans asked us to wait; it goes out by itself."),
    "still_running": _("An earlier attempt is still being answered; it goes out by itself."),
    "reauthenticating": _("OnlyFans is signing the account in again; it goes out by itself."),
    "session_expired": _("The account has to be reconnected first."),
    "account_gone": _("The account is no longer connected."),
    "credits": _("The operator's OnlyFansAPI credits are used up."),
    "team_key": _("The operator's OnlyFansAPI key is not accepted."),
    "not_sent": _("OnlyFans had a problem and did not take the message."),
    "server_error": _("OnlyFans had a problem."),
    "outcome_unknown": _("OnlyFans had a problem and did not say whether the message arrived."),
    "sender_lost": _("A sender stopped while this message was on its way."),
    "withdrawn": _("It was withdrawn after an attempt that may have arrived."),
    "text_unreadable": _("Its stored text can't be opened any more."),
    "timeout": _("OnlyFans did not answer in time."),
    "connect_timeout": _("OnlyFans could not be reached in time."),
    "unreadable": _("OnlyFans answered, but not in a way we can read."),
    "bug": _("Our request was not understood; the operator has to look into it."),
}
HOLDS = {
    UNPAID: _(
        "The subscription is unpaid, so nothing leaves this workspace. What is queued stays queued and goes out by "
        "itself as soon as it is paid."
    ),
    NO_CREDITS: _(
        "A campaign waits because there are no message credits left. It goes on by itself when there are new ones; a "
        "pack or another plan helps at once."
    ),
}
ELSE = _("The connection to OnlyFans was interrupted.")
ACCOUNTS = {
    AccountState.CONNECTED: _("Connected"),
    AccountState.EXPIRED: _("Session expired"),
    AccountState.NEEDS_CODE: _("Code needed"),
    AccountState.NEEDS_FACE: _("Face check needed"),
    AccountState.DISCONNECTED: _("Disconnected"),
}
TROUBLES = {
    AccountState.EXPIRED: _(
        "OnlyFans ended the session. Sign the account in again at OnlyFansAPI; sending goes on by itself after that."
    ),
    AccountState.NEEDS_CODE: _(
        "OnlyFans asks for a two-factor code. Enter it at OnlyFansAPI; sending goes on by itself after that."
    ),
    AccountState.NEEDS_FACE: _(
        "OnlyFans asks the creator to show their face. Ask them to do it; sending goes on by itself after that."
    ),
    AccountState.DISCONNECTED: _("The account was disconnected. Connect it again to go on sending."),
}


@register.filter
def state_word(state: DeliveryState) -> str:
    return str(STATES[state])


@register.filter
def state_tone(state: DeliveryState) -> str:
    return TONES.get(state, "plain")


@register.filter
def state_icon(state: DeliveryState) -> str:
    return ICONS[state]


@register.filter
def reason(code: str) -> str:
    """Why a message did not simply go out; empty without a code."""
    return str(ERRORS.get(code, ELSE)) if code else ""


@register.filter
def hold_reason(hold: str) -> str:
    """Why everything waits and what to do; empty without a hold."""
    return str(HOLDS[hold]) if hold else ""


@register.filter
def account_word(state: AccountState) -> str:
    return str(ACCOUNTS[state])


@register.filter
def account_trouble(state: AccountState) -> str:
    """What happened to an account and what to do."""
    return str(TROUBLES[state])


@register.filter
def counted(value: int) -> str:
    """A count, or "5,000+" where counting stopped."""
    return f"{number(COUNTED - 1)}+" if value >= COUNTED else number(value)
