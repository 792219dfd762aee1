"""The dashboard, and the payments behind its sums."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from accounts.selectors import reachable_accounts
from accounts.selectors.creator_switch import creator_switch
from accounts.types import Platform
from huntaze.kernel import clock
from huntaze.kernel.web import is_fragment, page, principal_of
from messaging.selectors import dashboard as reads
from messaging.services.dashboard import dashboard as state_of
from messaging.types import SignalKind
from messaging.views.common import tagged


@page("queue.view")
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """The whole page, or only what may have changed on it."""
    found = state_of(principal_of(request), clock.now(), request.GET.get("creator"))
    context = {"dashboard": found, "creator_switch": found.creators}
    if is_fragment(request):
        return tagged(request, "messaging/_dashboard.html", context)
    response = render(request, "messaging/dashboard.html", context)
    patch_vary_headers(response, ["HX-Request", "HX-Request-Type"])
    return response


@page("inbox.view")
@require_safe
def payments(request: HttpRequest) -> HttpResponse:
    """The rows behind a sum of the dashboard; kind, days, currency and creator stand in the address."""
    kind = next((kind for kind in SignalKind if kind == request.GET.get("kind")), None)
    days = next((days for days in reads.PERIODS if str(days) == request.GET.get("days")), max(reads.PERIODS))
    accounts = reachable_accounts(principal_of(request).creator_ids, Platform.ONLYFANS)
    switch = creator_switch((row.creator for row in accounts), request.GET.get("creator"))
    rows, next_after = reads.payments(
        [row.pk for row in accounts if switch.holds(row.creator)],
        kind=kind,
        currency=request.GET.get("currency", "")[:3],
        since=clock.now() - timedelta(days=days),
        after=request.GET.get("after", ""),
    )
    context = {
        "rows": rows,
        "next_after": next_after,
        "kind": kind,
        "days": days,
        "creator_switch": switch,
    }
    return render(request, "messaging/payments.html", context)
