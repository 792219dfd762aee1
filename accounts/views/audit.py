"""The audit log as a page: newest first, cut by what is asked for."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.selectors.audit import AuditFilter, audit_page, shown
from huntaze.kernel.errors import Invalid
from huntaze.kernel.web import page

PER_PAGE = 50
FIELDS = ("action", "actor", "target", "trace_id")


@page("audit.view")
@require_safe
def log(request: HttpRequest) -> HttpResponse:
    asked = {name: request.GET.get(name, "").strip().replace("\0", "")[:200] for name in FIELDS}
    wanted = AuditFilter(
        action=asked["action"], actor=asked["actor"], target=asked["target"], trace_id=asked["trace_id"]
    )
    try:
        found = audit_page(wanted, limit=PER_PAGE, cursor=request.GET.get("after", ""))
    except Invalid:
        found = audit_page(wanted, limit=PER_PAGE)
    context = {
        "events": [shown(row) for row in found.rows],
        "total": found.total,
        "after": found.next_cursor,
        "asked": asked,
        "is_cut": any(asked.values()),
    }
    return render(request, "accounts/audit.html", context)
