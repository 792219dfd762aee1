"""Where one can go: the pages of the rail and those of the settings, each shown to whoever may open it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Entry:
    """A page: the name of its address, its icon and word; the capability that opens it (empty: any member's); whether
    staff who look through a member's eyes see it; the letter that leads there after G; a shorter word for phones, where
    a fifth of 360 px is all there is."""

    name: str
    icon: str
    text: Text
    capability: str = ""
    is_for_visitors: bool = True
    letter: str = ""
    short: Text = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as a reader sees it."""

    url: str
    icon: str
    text: Text
    is_current: bool
    letter: str
    short: Text


#: The rail, most visited first. On phones the first four stand at the bottom, the rest under "More".
MAIN = (
    Entry(
        "dashboard",
        "home",
        _("Dashboard"),
        "queue.view",
        letter="d",
        short=pgettext_lazy("on a phone", "Dashboard"),
    ),
    Entry("onlyfans", "queue", "OnlyFans", "queue.view", letter="o"),
    Entry("marketing", "megaphone", _("Marketing"), "queue.view", letter="m"),
    Entry("team", "team", _("Team"), "members.view", letter="t"),
    Entry("billing", "card", _("Billing"), "billing.view", letter="b"),
    Entry("my_stop", "pause", pgettext_lazy("noun", "Stop"), "creator.stop"),
    Entry("settings", "settings", _("Settings"), is_for_visitors=False, letter="s"),
)
SETTINGS = (
    Entry("settings", "user", _("Profile and workspace"), is_for_visitors=False),
    Entry("security", "shield", _("Security"), is_for_visitors=False),
    Entry("integrations", "plug", _("Connected accounts"), "creators.view"),
    Entry("keys", "key", _("API keys"), "keys.manage"),
    Entry("webhooks", "link", _("Webhooks"), "webhooks.manage"),
    Entry("audit_log", "log", _("Audit log"), "audit.view"),
    Entry("privacy", "lock", _("Privacy"), "profile.manage", is_for_visitors=False),
)


def shown(request: HttpRequest, entries: Sequence[Entry]) -> list[Shown]:
    """The entries that this person may open; the one that begins the page's own address longest is the current."""
    principal = getattr(request, "principal", None)
    held = principal.capabilities if principal else frozenset()
    is_visit = bool(getattr(request, "visit", None))
    open_ = [entry for entry in entries if not entry.capability or entry.capability in held]
    seen = [(entry, reverse(entry.name)) for entry in open_ if entry.is_for_visitors or not is_visit]
    here = [url for _entry, url in seen if request.path == url or request.path.startswith(f"{url}/")]
    current = max(here, key=len, default="")
    return [
        Shown(url, entry.icon, entry.text, url == current, entry.letter, entry.short) for entry, url in seen
    ]
