"""The audit log as a page: newest first, cut by what is asked for."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_safe

from accounts.models import AuditEvent
from accounts.selectors.audit import AuditFilter, audit_page, shown
from accounts.templatetags.audit_words import ACTIONS
from huntaze.kernel.errors import Invalid
from huntaze.kernel.web import page

PER_PAGE = 50
FIELDS = ("action", "actor", "target", "trace_id", "since", "until")


@page("audit.view")
@require_safe
def log(request: HttpRequest) -> HttpResponse:
    """Days are the workspace's own; `until` is the last day that is meant."""
    asked = {name: request.GET.get(name, "").strip().replace("\0", "")[:200] for name in FIELDS}
    since, until = _day(asked["since"]), _day(asked["until"])
    wanted = AuditFilter(
        action=asked["action"],
        actor=asked["actor"],
        target=asked["target"],
        trace_id=asked["trace_id"],
        since=_start(since) if since else None,
        until=_start(until + timedelta(days=1)) if until else None,
    )
    try:
        found = audit_page(wanted, limit=PER_PAGE, cursor=request.GET.get("after", ""))
    except Invalid:
        found = audit_page(wanted, limit=PER_PAGE)
    context = {
        "events": [_told(row) for row in found.rows],
        "after": found.next_cursor,
        "asked": asked,
        "actions": sorted(ACTIONS.items(), key=lambda pair: str(pair[1])),
        "is_cut": any(asked.values()),
    }
    return render(request, "accounts/audit.html", context)


def _day(text: str) -> date | None:
    """A day as a date field sends it; what is none asks for nothing."""
    try:
        found = parse_date(text)
    except ValueError:
        return None
    return found if found and 1970 <= found.year <= 9000 else None


def _start(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _told(row: AuditEvent) -> dict[str, Any]:
    seen_as = row.actor_member.user.name if row.actor_kind == "staff" and row.actor_member else ""
    return shown(row) | {"seen_as": seen_as}
