"""What the steps of an erasure, its reasons and the states of a request are called."""

from typing import Any

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

register = template.Library()

STEPS: dict[str, str | Promise] = {
    "accounts": _("Handles and ids of connected accounts"),
    "addresses": _("Addresses and browsers in the audit log"),
    "answers": _("Answers kept for repeated requests"),
    "api_keys": _("Names of API keys"),
    "api_keys_end": _("API keys end"),
    "audit": _("The audit log, without names"),
    "campaigns": _("Campaigns"),
    "cancel": _("Messages that wait are cancelled"),
    "buyers": _("Who bought what"),
    "cards": _("The card on file"),
    "choices": _("How long texts are kept"),
    "close": _("The workspace is closed"),
    "connections": _("Attempts to connect accounts"),
    "consents": _("Who agreed to connecting, and when"),
    "conversations": _("Conversations"),
    "counters": _("How often the API was used"),
    "credit_notes": _("Costs that were not booked yet"),
    "credits": _("The books of credits, without names"),
    "creator_leaves": _("The creator leaves the workspace"),
    "creators": _("Names of creators"),
    "data_keys": _("Keys: what lies in backups can't be read any more"),
    "deliveries": _("When messages were sent, and by whom"),
    "demo": _("That the workspace was a demo"),
    "disconnect": _("Accounts are disconnected"),
    "endpoint_events": _("What webhook endpoints were told"),
    "endpoints": _("Webhook endpoints"),
    "exclusions": _("Fans left out of campaigns"),
    "exports": _("Files of exports"),
    "fans": _("Fans"),
    "holds": _("Legal holds that stood"),
    "payment_copies": _("Copies of what the payment processor holds"),
    "payment_holds": _("Whether sending waits for a payment"),
    "invitations": _("Invitations"),
    "limits": _("Limits of the workspace's own"),
    "list_entries": _("Fans on lists"),
    "lists": _("Lists"),
    "members": _("Memberships end"),
    "memberships": _("Who was a member when, without names"),
    "messages": _("Messages"),
    "payments": _("Purchases and tips"),
    "oauth_states": _("Answers awaited from consent pages"),
    "people": _("People without another workspace: name, mail, sign-in"),
    "policies": _("Sending caps"),
    "segments": _("Segments"),
    "sessions": _("Sessions"),
    "staff_visits": _("Visits of our staff"),
    "stocks": _("Counts of what the workspace has"),
    "subscription_changes": _("Changes of the subscription"),
    "subscriptions": _("What was subscribed to, without names"),
    "purchases": _("What was bought, without names"),
    "stop_campaigns": _("Campaigns are stopped"),
    "texts": _("Texts of messages"),
    "tombstone": _("Name, handle and id of the fan"),
    "unsends": _("Withdrawn messages"),
    "webhooks": _("What the platform told us"),
    "workspace": _("Name and billing mail of the workspace"),
}
REASONS: dict[str, str | Promise] = {
    "accountability": _("The law asks us to show who did what."),
    "authorship": _("So that the audit log keeps its authors."),
    "books": _("The law asks us to keep our books."),
    "consents": _("They prove what was agreed to."),
    "disputes": _("Evidence in payment disputes."),
}
UNTIL: dict[str, str | Promise] = {
    "audit": _("until the audit log forgets it, after two years"),
    "books": _("for ten years"),
    "two_years": _("for two years"),
}
STATES: dict[str, str | Promise] = {
    "queued": _("Waiting"),
    "working": _("Under way"),
    "done": _("Done"),
    "failed": _("Failed"),
    "cancelled": _("Taken back"),
    "active": _("Active"),
    "replaced": _("Replaced"),
    "expired": _("Expired"),
    "revoked": _("Revoked"),
}
KINDS: dict[str, str | Promise] = {
    "export": _("Export"),
    "erase": _("Erasure"),
    "workspace": _("Workspace"),
    "creator": _("Creator"),
    "fan": _("Fan"),
    "me": _("Myself"),
}
_ALL: dict[str, dict[str, str | Promise]] = {
    "step": STEPS, "reason": REASONS, "until": UNTIL, "state": STATES, "kind": KINDS,
}  # fmt: skip


TONES = {"queued": "info", "working": "info", "done": "ok", "failed": "danger", "cancelled": "plain"}


@register.filter
def tone(state: str) -> str:
    """The colour of a request's state."""
    return TONES.get(state, "plain")


@register.filter
def days_word(days: int) -> str:
    """A period in the words that people use for it."""
    if days >= 365:
        years = round(days / 365.25)
        return ngettext("%(count)d year", "%(count)d years", years) % {"count": years}
    return ngettext("%(count)d day", "%(count)d days", days) % {"count": days}


@register.filter
def days_left(days: int | None) -> str:
    """What is left of the month in which the law wants an answer."""
    if days is None:
        return ""
    if days < 0:
        return _now("The time is over.")
    return ngettext("%(count)d day left", "%(count)d days left", days) % {"count": days}


@register.filter
def word(code: str, of: str) -> Any:
    """The word for a constant; one without a word shows itself."""
    return _ALL[of].get(code, code)
