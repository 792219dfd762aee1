"""Where `/` leads: members to their work, or to setting it up; staff without a workspace to the admin."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.services.onboarding import is_first_run
from huntaze.kernel.tenancy import workspace_scope
from huntaze.kernel.web import open_to_visitors


@open_to_visitors
def home(request: HttpRequest) -> HttpResponse:
    principal = getattr(request, "principal", None)
    if principal is None:
        return redirect("admin:index" if getattr(request.user, "is_staff", False) else "dashboard")
    if principal.acting_pk is not None:
        return redirect("dashboard")  # nobody sets up a workspace for its people
    with workspace_scope(principal.workspace_pk):
        return redirect("onboarding" if is_first_run(principal) else "dashboard")
