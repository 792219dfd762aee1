"""The dashboard's words: what needs somebody, where that is done, and as of when the page speaks."""

from datetime import datetime

from babel.dates import format_datetime, get_timezone_location
from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.selectors.creator_switch import CreatorSwitch
from huntaze.kernel import clock
from huntaze.templatetags.house import DATES, clock_text, locale_of
from messaging.services.dashboard import Alert
from messaging.templatetags.queue_words import counted
from messaging.types import SignalKind

register = template.Library()

#: For each kind: its sentence for one and many, its button, its icon, the page, and the page's query.
ALERTS = {
    "stopped": (
        _("All sending is stopped by the operator. What is queued waits; nothing is lost."), "", "pause", "", "",
    ),
    "read_only": (_("The subscription is unpaid: this workspace is read-only."), _("Billing"), "card", "billing", ""),
    "unpaid": (_("The last payment failed."), _("Billing"), "card", "billing", ""),
    "reconnect": (
        ngettext_lazy("account has to be reconnected", "accounts have to be reconnected"),
        _("Reconnect"), "plug", "integrations", "",
    ),
    "asking": (
        ngettext_lazy("connection waits for an answer", "connections wait for an answer"),
        _("Answer"), "plug", "integrations", "",
    ),
    "failed": (
        ngettext_lazy("message failed", "messages failed"), _("Look and retry"), "cross", "onlyfans", "show=failed",
    ),
    "uncertain": (
        ngettext_lazy("message may or may not have arrived", "messages may or may not have arrived"),
        _("Decide"), "question", "onlyfans", "show=uncertain",
    ),
    "troubled": (
        ngettext_lazy("account keeps failing and waits", "accounts keep failing and wait"),
        _("Look"), "alert", "onlyfans", "",
    ),
    "paused": (
        ngettext_lazy("account's sending is paused", "accounts' sending is paused"),
        _("Resume"), "pause", "onlyfans", "",
    ),
    "campaign_failed": (
        ngettext_lazy("campaign failed in the last 7 days", "campaigns failed in the last 7 days"),
        _("Look"), "cross", "marketing", "show=over&state=failed&days=7",
    ),
    "campaign_paused": (
        ngettext_lazy("campaign is paused", "campaigns are paused"), _("Look"), "pause", "marketing", "state=paused",
    ),
    "approve": (
        ngettext_lazy("campaign waits for approval", "campaigns wait for approval"),
        _("Look"), "check", "marketing", "state=awaiting_approval",
    ),
    "drafts": (
        ngettext_lazy("campaign is a draft", "campaigns are drafts"), _("Look"), "calendar", "marketing", "state=draft",
    ),
}  # fmt: skip
KINDS = {SignalKind.PURCHASE: _("Messages bought"), SignalKind.TIP: _("Tips")}


@register.filter
def alert_text(alert: Alert) -> str:
    """The sentence; for what is counted it follows the number."""
    words = ALERTS[alert.kind][0]
    return str(words % alert.count) if _is_counted(alert) else str(words)


@register.filter
def alert_count(alert: Alert) -> str:
    """The number, empty for what either is or is not."""
    return counted(alert.count) if _is_counted(alert) else ""


@register.filter
def alert_action(alert: Alert) -> str:
    return str(ALERTS[alert.kind][1])


@register.filter
def alert_icon(alert: Alert) -> str:
    return ALERTS[alert.kind][2]


@register.simple_tag
def alert_href(alert: Alert, creators: CreatorSwitch) -> str:
    """Where the rows behind the number stand, those of the chosen creator alone."""
    _words, _action, _icon, name, query = ALERTS[alert.kind]
    if not name:
        return ""
    if name == "onlyfans" and alert.account_id:
        query = f"account={alert.account_id}"
    elif creators.chosen and name in {"onlyfans", "marketing"}:
        query = "&".join(part for part in (query, f"creator={creators.chosen.id}") if part)
    return f"{reverse(name)}?{query}" if query else reverse(name)


def _is_counted(alert: Alert) -> bool:
    return alert.kind not in {"stopped", "read_only", "unpaid"}


@register.filter
def payment_word(kind: SignalKind) -> str:
    return str(KINDS[kind])


@register.simple_tag
def moment(at: datetime | None) -> SafeString | str:
    """A moment to the minute, for what is an estimate or a plan: a time of today, or a date with time."""
    if at is None:
        return "–"
    return format_html('<time datetime="{}">{}</time>', at.isoformat(timespec="minutes"), _to_the_minute(at))


def _to_the_minute(at: datetime) -> str:
    here = timezone.localtime(at)
    pattern = "HH:mm" if here.date() == timezone.localtime().date() else "d MMM HH:mm"
    return str(format_datetime(here, pattern, locale=locale_of(DATES)))


@register.simple_tag
def as_of() -> SafeString:
    """The moment of this answer with its place: "14:05:12, Paris"."""
    zone = timezone.get_current_timezone_name()
    place = get_timezone_location(zone, locale=(get_language() or "en")[:2], return_city=True)
    return format_html(
        '<time data-as-of="{}">{}</time>, {}', zone, clock_text(timezone.localtime(clock.now())), place
    )
