"""The page of an erasure: what goes and what stays, and the name that is typed to mean it."""

import unicodedata

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.errors import LastOwner
from accounts.services.privacy import holds, requests
from accounts.services.privacy.registry import Subject
from accounts.types import PrivacyScope
from accounts.views.common import person
from accounts.views.privacy import subject_of
from huntaze.kernel import clock
from huntaze.kernel.errors import Conflict
from huntaze.kernel.web import principal_of


@require_http_methods(["GET", "HEAD", "POST"])
@person(step_up=True)
def erase(request: HttpRequest) -> HttpResponse:
    """First what would happen; then, with the name typed, the deed."""
    asked = request.POST if request.method == "POST" else request.GET
    subject = subject_of(request, "erase", asked)
    name = requests.name_of(subject=subject, principal=principal_of(request))
    if request.method != "POST":
        return _shown(request, subject, name)
    if _plain(asked.get("typed", "")) != _plain(name):
        return _shown(request, subject, name, typed=asked.get("typed", "")[:200], status=422)
    try:
        requests.ask_erasure(subject=subject, principal=principal_of(request), now=clock.now())
    except LastOwner:
        messages.warning(request, _("You are the only owner of a workspace: close it or hand it over first."))
    except Conflict:
        messages.warning(request, _("The same erasure is planned already."))
    else:
        messages.success(request, _("The erasure is planned. It can be taken back until it begins."))
    return redirect("privacy")


def _shown(
    request: HttpRequest, subject: Subject, name: str, *, typed: str | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "lines": requests.plan_of(subject),
        "subject": subject,
        "name": name,
        "typed": typed,
        "runs_at": requests.due_at(subject.scope, at_once=False, now=clock.now()),
        "is_held": holds.stops(subject),
        "is_at_once": subject.scope in {PrivacyScope.FAN, PrivacyScope.ME},
    }
    return render(request, "accounts/erase.html", context, status=status)


def _plain(text: str) -> str:
    """Upper and lower case, and spaces around it, are nobody's mistake."""
    return unicodedata.normalize("NFC", text).strip().casefold()
