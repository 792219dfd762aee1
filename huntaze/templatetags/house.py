"""Tags of every page: the htmx nonce, icons, and times, money and numbers as people write them.

Dates follow day-month order and a 24-hour clock in both languages; money follows the language.
"""

import base64
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.numbers import format_currency, format_decimal
from django import template
from django.template.context import RequestContext
from django.templatetags.static import static
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from huntaze.kernel.money import Money

register = template.Library()

DATES = {"fr": "fr", "en": "en_GB"}
NUMBERS = {"fr": "fr", "en": "en_US"}


def locale_of(table: dict[str, str]) -> str:
    """Of the reader's language, by a table of languages such as `DATES`."""
    return table.get((get_language() or "en")[:2], table["en"])


@register.simple_tag(takes_context=True)
def hx(context: RequestContext) -> SafeString:
    """Marks an element as ours: without the page's nonce, htmx strips the attributes of an injected element."""
    return format_html('hx-nonce="{}"', context["request"].csp_nonce)


@register.simple_tag
def hears(prefix: str, rows: Iterable[Any]) -> SafeString:
    """More triggers of an element: what the event stream tells about any of these rows, by prefix and public id."""
    return format_html_join("", ", {}{} from:#live throttle:300ms", ((prefix, row.public_id) for row in rows))


@register.simple_tag(takes_context=True)
def kept_key(context: RequestContext) -> str:
    """The key with which this person's pages seal in their tab what was typed while the session ended."""
    who = context["principal"]
    digest = salted_hmac("house.kept", f"{who.user_id}:{who.acting_pk}", algorithm="sha256").digest()
    return base64.b64encode(digest).decode()


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """An icon of the sprite beside its text; `size` is empty or "l"."""
    return format_html(
        '<svg class="icon{}" viewBox="0 0 20 20" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        " icon--l" if size == "l" else "",
        static("img/icons.svg"),
        name,
    )


@register.simple_tag
def when(moment: datetime | None) -> SafeString | str:
    """A moment as a time of today or a date with time; the full date and the zone are in the tooltip."""
    if moment is None:
        return "–"
    here = timezone.localtime(moment)
    zone = timezone.get_current_timezone_name()
    full = f"{format_datetime(here, 'full', locale=locale_of(DATES))} ({zone})"
    is_today = here.date() == timezone.localtime().date()
    text = (
        clock_text(here)
        if is_today
        else f"{_day(here)} {format_time(here, 'HH:mm', locale=locale_of(DATES))}"
    )
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', here.isoformat(timespec="seconds"), full, text
    )


def clock_text(here: datetime) -> str:
    return str(format_time(here, "HH:mm:ss", locale=locale_of(DATES)))


def _day(here: datetime) -> str:
    pattern = "d MMM" if here.year == timezone.localtime().year else "d MMM y"
    return str(format_date(here, pattern, locale=locale_of(DATES)))


@register.filter
def lasting(value: timedelta) -> str:
    """A length of time in the words of the reader's language, to the minute below two hours: "41 minutes"."""
    words = format_timedelta(
        max(value, timedelta(minutes=1)), granularity="minute", threshold=2, locale=locale_of(DATES)
    )
    return str(words)


@register.filter
def money(value: Money | None) -> str:
    """An amount with its currency, as the reader's language writes it."""
    return str(format_currency(value.amount, value.currency, locale=locale_of(NUMBERS))) if value else ""


@register.simple_tag
def price(minor: int, currency: str) -> Money:
    """An amount of minor units, for the `money` filter."""
    return Money(minor, currency)


@register.filter
def number(value: int) -> str:
    return str(format_decimal(value, locale=locale_of(NUMBERS)))


@register.simple_tag
def cells(used: int, total: int) -> list[bool]:
    """What a meter draws: a cell for each unit, at most twenty."""
    shown = min(total, 20)
    lit = -(-used * shown // total) if total else 0
    return [index < lit for index in range(shown)]


@register.filter
def initials(name: str) -> str:
    """Up to two first letters of a name."""
    return "".join(part[0] for part in name.split()[:2]).upper()


@register.filter
def get(mapping: Any, key: str) -> Any:
    """A field of a dataclass by name."""
    return getattr(mapping, key)
