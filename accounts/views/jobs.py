"""Long work: what runs, what has ended, and stopping it. The bell in the top bar is the short form."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.selectors.jobs import jobs_of
from accounts.services.jobs import cancel_job
from huntaze.kernel import clock
from huntaze.kernel.errors import Conflict
from huntaze.kernel.web import is_fragment, page, principal_of


@page("workspace.view")
@require_safe
def jobs(request: HttpRequest) -> HttpResponse:
    lines = jobs_of(principal_of(request), clock.now())
    template = "accounts/_jobs.html" if is_fragment(request) else "accounts/jobs.html"
    response = render(request, template, {"jobs": lines})
    response["Vary"] = "Cookie, HX-Request, HX-Request-Type"
    return response


@page("workspace.view")
@require_safe
def bell(request: HttpRequest) -> HttpResponse:
    """How many jobs are under way."""
    running = sum(line.is_open for line in jobs_of(principal_of(request), clock.now()))
    return render(request, "partials/bell.html", {"running": running, "is_asked": True})


@page("queue.manage")
@require_POST
def cancel(request: HttpRequest, job_id: str) -> HttpResponse:
    try:
        cancel_job(principal=principal_of(request), job_id=job_id, now=clock.now())
    except Conflict:
        messages.warning(request, _("It has ended meanwhile, or can't be stopped any more."))
    else:
        messages.success(request, _("It was stopped."))
    return redirect("jobs")
