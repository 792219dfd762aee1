"""What the codes in the columns of the staff's lists are called. The words are those of the members' pages where there
are such."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.templatetags.integration_words import ACCOUNTS, PLATFORMS, STEPS
from accounts.templatetags.privacy_words import KINDS
from accounts.templatetags.team_words import CREATORS, ROLES
from accounts.templatetags.webhook_words import ERRORS as WEBHOOK_ERRORS
from accounts.templatetags.webhook_words import EVENTS
from billing.templatetags.billing_words import WORDS as BILLING
from huntaze.kernel.columns import Words
from messaging.templatetags.campaign_words import STATES as CAMPAIGNS
from messaging.templatetags.queue_words import ERRORS, STATES

#: Work that a worker does; a table with other states names its own below.
WORK: Words = {
    "queued": pgettext_lazy("work", "Waiting"),
    "working": pgettext_lazy("work", "Under way"),
    "done": pgettext_lazy("work", "Done"),
    "failed": pgettext_lazy("work", "Given up"),
    "cancelled": pgettext_lazy("work", "Cancelled"),
    "unclaimed": pgettext_lazy("work", "Nobody's account"),
    "quarantined": pgettext_lazy("work", "Set aside"),
    "open": pgettext_lazy("work", "Open"),
    "paid": pgettext_lazy("work", "Paid"),
    "expired": pgettext_lazy("work", "Expired"),
    "repaired": pgettext_lazy("work", "Repaired"),
    "accepted": pgettext_lazy("work", "Accepted as known"),
}
WORKSPACES: Words = {
    "active": pgettext_lazy("workspace", "Active"),
    "read_only": _("Read only"),
    "suspended": _("Suspended"),
    "closing": _("Closing"),
    "erased": _("Erased"),
}
PLANS: Words = {"free": pgettext_lazy("plan", "Free"), "pro": "Pro", "enterprise": "Enterprise"}
ACCESSES: Words = {
    "full": pgettext_lazy("access", "Full"),
    "read_only": pgettext_lazy("access", "Read only"),
    "free": pgettext_lazy("access", "As the free plan allows"),
    "": pgettext_lazy("access", "Unknown"),
}
UNITS: Words = {"message": _("Messages"), "ai_generation": _("AI texts"), "ai_usd": _("AI, in USD")}

CODES: dict[str, Words] = {
    "state": WORK,
    "platform": PLATFORMS,
    "role": ROLES,
    "unit": UNITS,
    "plan": PLANS,
    "access": ACCESSES,
    "actor_kind": {
        "member": pgettext_lazy("actor", "A member"),
        "key": pgettext_lazy("actor", "An API key"),
        "system": pgettext_lazy("actor", "The system"),
        "staff": pgettext_lazy("actor", "Our staff"),
    },
    "interval": BILLING["interval"],
    "feature": BILLING["feature"],
    "period": {
        "none": pgettext_lazy("period", "At any time"),
        "month": pgettext_lazy("period", "A month"),
        "minute": pgettext_lazy("period", "A minute"),
    },
    "deed": {"retry": _("Queue again"), "discard": _("Discard")},
    "scope": KINDS,
    "direction": {"in": _("from the fan"), "out": _("to the fan")},
    "author_kind": {
        "human": pgettext_lazy("author", "A person"),
        "api": "API",
        "campaign": pgettext_lazy("author", "A campaign"),
        "platform": pgettext_lazy("author", "The platform"),
        "unknown": pgettext_lazy("author", "Unknown"),
    },
    "outcome": {
        "applied": pgettext_lazy("event", "Applied"),
        "ignored": pgettext_lazy("event", "Ignored"),
        "orphan": pgettext_lazy("event", "Without a workspace"),
    },
    "accounts.workspace.kind": {
        "solo": pgettext_lazy("workspace", "Solo"),
        "agency": pgettext_lazy("workspace", "Agency"),
    },
    "accounts.workspace.status": WORKSPACES,
    "accounts.creator.status": {code: words for code, (words, _tone) in CREATORS.items()},
    "accounts.privacyrequest.kind": KINDS,
    "accounts.webhookdelivery.kind": EVENTS,
    "accounts.webhookdelivery.last_error": WEBHOOK_ERRORS,
    "accounts.platformaccount.state": ACCOUNTS,
    "accounts.connection.state": STEPS,
    "billing.grant.source": BILLING["source"],
    "billing.subscriptionrecord.status": BILLING["status"],
    "billing.stripeevent.source": {
        "webhook": "Webhook",
        "poll": pgettext_lazy("event", "Asked for"),
        "checkout_return": pgettext_lazy("event", "Back from the checkout"),
        "reconcile": pgettext_lazy("event", "Daily comparison"),
    },
    "billing.checkoutintent.kind": {"plan": _("Plan"), "pack": _("Message pack")},
    "billing.ledgertransaction.kind": BILLING["deed"],
    "messaging.delivery.state": STATES,
    "messaging.delivery.last_error": ERRORS,
    "messaging.deadletterrun.cause": ERRORS,
    "messaging.campaign.state": CAMPAIGNS,
    "messaging.fansignal.kind": {
        "purchase": pgettext_lazy("signal", "Purchase"),
        "tip": pgettext_lazy("signal", "Tip"),
    },
}
