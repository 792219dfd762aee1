"""The settings: one's own particulars, the workspace's, and which workspace one works in."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.forms.profile import ProfileForm, WorkspaceForm
from accounts.models import Workspace
from accounts.services.audit import Actor
from accounts.services.places import enter_place
from accounts.services.profile import change_profile
from accounts.services.workspaces import change_workspace
from accounts.sessions import choose_workspace
from accounts.views.common import person, user_of
from huntaze.kernel import clock
from huntaze.kernel.errors import NotFound
from huntaze.kernel.web import page, principal_of


@require_safe
@person()
def overview(request: HttpRequest) -> HttpResponse:
    return _shown(request)


@require_POST
@person()
def profile(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    form = ProfileForm(user, request.POST)
    if not form.is_valid():
        return _shown(request, status=422, profile=form)
    change_profile(user=user, fields=form.cleaned_data, now=clock.now())
    with translation.override(user.locale):
        messages.success(request, _("Your settings are saved."))
    return redirect("settings")


@page("workspace.manage")
@require_POST
def workspace(request: HttpRequest) -> HttpResponse:
    form = WorkspaceForm(_workspace_of(request), request.POST)
    if not form.is_valid():
        return _shown(request, status=422, workspace_form=form)
    change_workspace(fields=form.cleaned_data, actor=Actor.of(principal_of(request)), now=clock.now())
    messages.success(request, _("The workspace's settings are saved."))
    return redirect("settings")


@require_POST
@person()
def switch(request: HttpRequest) -> HttpResponse:
    """Work in another of one's workspaces: the session goes on under a new cookie, from the start page. A form that is
    still open in another tab was filled in for the workspace before, and its token no longer works."""
    try:
        place = enter_place(
            user=user_of(request), workspace_id=request.POST.get("workspace", ""), now=clock.now()
        )
    except NotFound as error:
        raise Http404 from error
    choose_workspace(request.session, place.public_id)
    request.session.cycle_key()
    rotate_token(request)
    return redirect("home")


def _workspace_of(request: HttpRequest) -> Workspace:
    found: Workspace = request.workspace  # type: ignore[attr-defined]
    return found


def _shown(request: HttpRequest, *, status: int = 200, **parts: Any) -> HttpResponse:
    """The whole page; `parts` replace what it is made of, such as a form with errors."""
    who = request.principal  # type: ignore[attr-defined]
    context: dict[str, Any] = {"profile": ProfileForm(user_of(request))}
    if who is not None and who.can("workspace.manage"):
        context["workspace_form"] = WorkspaceForm(_workspace_of(request))
    return render(request, "accounts/settings.html", context | parts, status=status)
