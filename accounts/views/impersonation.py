"""The way out of a visit."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.services import impersonation as visits
from huntaze.kernel import clock
from huntaze.kernel.tenancy import workspace_scope
from huntaze.kernel.web import open_to_visitors


@open_to_visitors
@require_POST
def end(request: HttpRequest) -> HttpResponse:
    """The visit is over, and forms that were open in it with it; without one there is nothing to do."""
    grant: Any = getattr(request, "visit_grant", None)
    if grant is None:
        return redirect("home")
    with workspace_scope(grant.workspace_id):
        visits.leave(grant=grant, by_pk=grant.staff_id, reason="left", now=clock.now())
    rotate_token(request)
    return redirect("admin:accounts_impersonationgrant_changelist")
