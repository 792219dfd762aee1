"""A person's demo workspace: made, entered and wiped with one click each. About oneself, so no capability is asked."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Workspace
from accounts.services.audit import Actor
from accounts.sessions import choose_workspace
from huntaze.kernel import clock
from huntaze.kernel.outbox import State
from huntaze.kernel.web import is_fragment, principal_of
from messaging.models import Demo
from messaging.services.demos import asking


@login_required
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """What a demo is, and how far this person's is; the fragment leads into it once it is made."""
    principal = principal_of(request)
    demo = asking.demo_of(principal.user_pk)
    context = {"demo": demo, "is_here": demo is not None and demo.workspace_id == principal.workspace_pk}
    if not is_fragment(request):
        response = render(request, "messaging/demo.html", context)
    elif demo is None or (demo.state == State.DONE and not demo.is_wiping):
        response = HttpResponse(status=204)
        response["HX-Redirect"] = reverse("dashboard" if context["is_here"] else "demo")
    else:
        response = render(request, "messaging/_demo.html", context)
    add_never_cache_headers(response)
    return response


@login_required
@require_POST
def make(request: HttpRequest) -> HttpResponse:
    """The session works in the demo from here on; its page says how far it is."""
    principal = principal_of(request)
    demo = asking.make(
        user_pk=principal.user_pk,
        home_pk=principal.workspace_pk,
        actor=Actor.of(principal),
        timezone=timezone.get_current_timezone_name(),
        now=clock.now(),
    )
    _move(request, demo.workspace)
    return redirect("demo")


@login_required
@require_POST
def enter(request: HttpRequest) -> HttpResponse:
    _move(request, _demo(request).workspace)
    return redirect("dashboard")


@login_required
@require_POST
def wipe(request: HttpRequest) -> HttpResponse:
    """Back home, and everything is taken away."""
    demo = _demo(request)
    asking.wipe(demo=demo, now=clock.now())
    _move(request, demo.home)
    messages.success(request, _("The demo is being wiped. Nothing of it stays."))
    return redirect("dashboard")


def _demo(request: HttpRequest) -> Demo:
    demo = asking.demo_of(principal_of(request).user_pk)
    if demo is None:
        raise Http404
    return demo


def _move(request: HttpRequest, place: Workspace) -> None:
    """A form that is still open in another tab was filled in for the workspace before: its token no longer works."""
    choose_workspace(request.session, place.public_id)
    request.session.cycle_key()
    rotate_token(request)
