"""Words for roles, rights and states of creators."""

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.types import CreatorStatus, Reach, Role

register = template.Library()

ROLES: dict[str, Promise] = {
    Role.OWNER: pgettext_lazy("role", "Owner"),
    Role.MANAGER: pgettext_lazy("role", "Manager"),
    Role.CHATTER: pgettext_lazy("role", "Chatter"),
    Role.CREATOR: pgettext_lazy("role", "Creator"),
}
CREATORS: dict[str, tuple[Promise, str]] = {
    CreatorStatus.ACTIVE: (pgettext_lazy("creator", "Active"), "ok"),
    CreatorStatus.PAUSED: (pgettext_lazy("creator", "Paused"), "warn"),
    CreatorStatus.OFFBOARDED: (pgettext_lazy("creator", "Offboarded"), "plain"),
}
REACHES: dict[str, Promise] = {
    Reach.ALL: pgettext_lazy("reach", "All"),
    Reach.ASSIGNED: pgettext_lazy("reach", "Own"),
}
#: Every right of the table in words; a test holds them together.
RIGHTS: dict[str, Promise] = {
    "workspace.view": _("See the workspace"),
    "workspace.manage": _("Change the workspace"),
    "workspace.close": _("Close the workspace"),
    "keys.manage": _("Make and end API keys"),
    "webhooks.manage": _("Set up outgoing webhooks"),
    "privacy.manage": _("Answer privacy requests"),
    "billing.view": _("See the plan, what is used and the invoices"),
    "billing.manage": _("Change the plan and buy credits"),
    "members.view": _("See the team"),
    "members.manage": _("Invite, change and end members (managers: chatters and creators)"),
    "creators.view": _("See creators"),
    "creators.add": _("Add creators"),
    "creators.manage": _("Change creators"),
    "creators.offboard": _("Offboard creators"),
    "accounts.connect": _("Connect and disconnect accounts"),
    "fans.view": _("See fans and lists"),
    "fans.edit": _("Change fans and lists"),
    "fans.export": _("Export fans"),
    "fans.erase": _("Erase fans"),
    "inbox.view": _("See conversations"),
    "messages.send": _("Send messages"),
    "messages.unsend": _("Take messages back"),
    "campaigns.edit": _("Write campaigns"),
    "campaigns.launch": _("Approve and launch campaigns"),
    "queue.view": _("See the queue"),
    "queue.manage": _("Pause, cancel and retry"),
    "audit.view": _("See the audit log"),
    "creator.stop": _("Stop everything that is done in one's own name"),
    "profile.manage": _("Change one's own profile and sign-in"),
}


@register.filter
def role_word(role: str) -> Promise | str:
    return ROLES.get(role, role)


@register.filter
def creator_word(status: str) -> Promise | str:
    return CREATORS[status][0]


@register.filter
def creator_tone(status: str) -> str:
    return CREATORS[status][1]


@register.filter
def reach_word(reach: str | None) -> Promise | str:
    return REACHES[reach] if reach else "–"


@register.filter
def capability_word(capability: str) -> Promise | str:
    return RIGHTS.get(capability, capability)
