"""Words and figures of the billing pages."""

from typing import Any

from django import template
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from billing.types import Feature, FeatureKind
from huntaze.kernel.money import Money
from huntaze.templatetags.house import money, number

register = template.Library()

WORDS: dict[str, dict[str, Any]] = {
    "status": {
        "": _("No subscription"),
        "none": _("No subscription"),
        "active": _("In force"),
        "trialing": _("On trial"),
        "past_due": _("Payment overdue"),
        "unpaid": _("Unpaid"),
        "paused": _("Paused"),
        "canceled": _("Ended"),
        "incomplete": _("Waiting for the payment"),
        "incomplete_expired": _("Never paid"),
    },
    "tone": {"active": "ok", "trialing": "ok", "past_due": "warn", "unpaid": "danger", "paused": "warn"},
    "interval": {"month": _("by the month"), "year": _("by the year")},
    "invoice": {
        "paid": _("Paid"),
        "open": _("Open"),
        "draft": _("Draft"),
        "void": _("Void"),
        "uncollectible": _("Not collected"),
    },
    "source": {
        "plan": _("Plan"),
        "pack": _("Message pack"),
        "promo": _("Promotion"),
        "manual": _("From our team"),
    },
    "deed": {
        "grant": _("Credits added"),
        "reserve": _("Set aside"),
        "settle": _("Used"),
        "release": _("Given back"),
        "expire": _("Expired"),
        "refund": _("Refunded"),
        "restore": _("Restored"),
    },
    "cause": {
        "delivery": _("A message"),
        "campaign": _("A campaign"),
        "plan": _("Plan"),
        "pack": _("Message pack"),
        "promo": _("Promotion"),
        "manual": _("From our team"),
    },
    "feature": {
        "messages": _("Messages a month"),
        "ai_generations": _("AI texts a month"),
        "creators": _("Creators"),
        "seats": _("Seats"),
        "platform_accounts": _("Connected accounts"),
        "storage_bytes": _("Storage"),
        "assets": _("Files"),
        "content_campaigns": _("Content campaigns"),
        "api_calls": _("API calls a month"),
        "decision_api": _("Decision API"),
        "outgoing_webhooks": _("Webhooks"),
        "priority_support": _("Priority support"),
        "premium_templates": _("Premium templates"),
        "scheduling": _("Scheduling"),
        "experiments": _("Experiments"),
        "analytics_history_days": _("Days of history"),
        "ai_budget": _("AI budget a month"),
    },
}


@register.filter
def billed(value: str, table: str) -> Any:
    """The word for a value; the value itself where there is none."""
    return WORDS[table].get(value, "plain" if table == "tone" else value)


@register.filter
def called(plan: Any) -> str:
    """A plan's name in the reader's language."""
    return str(plan.name_fr if (get_language() or "en").startswith("fr") else plan.name_en)


@register.filter
def costs(row: Any) -> Money:
    """What a price, pack or preview line costs."""
    return Money(row.amount_minor or 0, row.currency)


@register.simple_tag
def amount(minor: int, currency: str) -> Money:
    return Money(minor, currency)


@register.filter
def allowed(value: int | None, feature: str) -> str:
    """A limit in words: a number, a size, yes or no, or no limit."""
    from billing.rules.features import KINDS

    if value is None:
        return str(_("No limit"))
    if KINDS.get(Feature(feature)) is FeatureKind.FLAG:
        return str(_("Yes") if value else _("No"))
    if feature == Feature.STORAGE_BYTES:
        size, unit = (10**6, _("MB")) if value < 10**9 else (10**9, _("GB"))
        return f"{number(value // size)} {unit}"
    if feature == Feature.AI_BUDGET:
        return money(Money(value // 10**8, "USD"))
    return number(value)
