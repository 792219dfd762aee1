"""Visits on the pages: a member of staff sees what a member sees, and is held to what a visitor may do.

A visit belongs to one browser session of the staff member's. Inside it the pages know the member only: the staff
member's rights, proofs and session are put aside, and the staff's own pages, which keep their identity, know no visit.
Every page is written down before it is shown. What is not named as open is closed.
"""

import hashlib
import re
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from redis.exceptions import RedisError

from accounts.models import ImpersonationGrant, User
from accounts.rules.visits import may_do
from accounts.selectors.factors import FactorDuty
from accounts.selectors.impersonation import grant_of_session, visit_of, visitor, why_over
from accounts.services import impersonation as visits
from accounts.sessions import SessionStore, row_key
from huntaze.kernel import clock, context, redis
from huntaze.kernel.api.principal import Principal
from huntaze.kernel.tenancy import workspace_scope
from huntaze.kernel.web import is_fragment

READING = frozenset({"GET", "HEAD"})
#: A fragment that asks for itself again is written down once in this many seconds; whole pages always are.
FRAGMENT_SECONDS = 60
_PUBLIC_ID = re.compile(r"[a-z]{2,4}_[0-9A-HJKMNP-TV-Z]{26}")
_WORD = re.compile(r"[a-z_-]{1,30}")


class ImpersonationMiddleware:
    """After MemberMiddleware: puts the visited member in the place of the staff member, for everything but the staff's
    own pages and the API, which takes no browser session. Sets `request.visit`, None outside."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.visit = request.visit_grant = None  # type: ignore[attr-defined]
        grant = _grant_of(request)
        if grant is None:
            return self.get_response(request)
        over = why_over(grant, clock.now())
        if request.path.startswith("/admin/"):
            request.visit = None if over else visit_of(grant)  # type: ignore[attr-defined]
            return self.get_response(request)
        if over:
            return _tell_it_is_over(request, grant, over)
        return self._inside(request, grant)

    def _inside(self, request: Any, grant: ImpersonationGrant) -> HttpResponse:
        own = request.session
        request.visit, request.visit_grant = visit_of(grant), grant
        request.principal = visitor(grant, limit=settings.API_REQUESTS_PER_MINUTE)
        request.user, request.workspace = grant.membership.user, grant.membership.workspace
        request.places, request.factor = [grant.membership], FactorDuty()
        request.session = SessionStore()  # empty, and never kept
        try:
            with timezone.override(request.workspace.timezone):
                return self.get_response(request)
        finally:
            request.session = own

    def process_view(self, request: Any, view: Any, args: Any, kwargs: dict[str, Any]) -> HttpResponse | None:
        grant: ImpersonationGrant | None = request.visit_grant
        if grant is None or getattr(view, "is_open_to_visitors", False):
            return None
        if not _may(request, getattr(view, "capability", None), kwargs):
            _note(request, grant, "impersonation.refused", kwargs)
            return refusal(request, "closed" if request.visit.may_write else "looking")
        if request.method not in READING:
            _note(request, grant, "impersonation.acted", kwargs)
        elif not is_fragment(request) or _is_first(request, grant):
            _note(request, grant, "impersonation.viewed", kwargs)
        return None


def _grant_of(request: HttpRequest) -> ImpersonationGrant | None:
    """One query, and only for staff."""
    if request.path.startswith(("/api/", "/static/")):
        return None
    user = request.user
    if not (isinstance(user, User) and user.is_authenticated and user.is_staff):
        return None
    cookie = request.session.session_key
    return grant_of_session(staff_pk=user.pk, session_digest=row_key(cookie) if cookie else "")


def _may(request: Any, capability: str | None, values: dict[str, Any]) -> bool:
    principal: Principal = request.principal
    if capability is None or not principal.can(capability):
        return False
    if request.method in READING:
        return True
    return bool(request.visit.may_write) and may_do(capability, values.get("deed"))


def _note(request: Any, grant: ImpersonationGrant, action: str, values: dict[str, Any]) -> None:
    """The address's pattern and the public ids in it. Never the query: people search for names."""
    ids = {
        name: value
        for name, value in values.items()
        if isinstance(value, str)
        and (_PUBLIC_ID.fullmatch(value) or (name == "deed" and _WORD.fullmatch(value)))
    }
    changes = {"method": request.method, "page": f"/{request.resolver_match.route}"} | ids
    with workspace_scope(grant.workspace_id):
        visits.note_page(grant=grant, action=action, changes=changes, now=clock.now())


def _is_first(request: HttpRequest, grant: ImpersonationGrant) -> bool:
    """Whether this very fragment was not written down lately. Where Redis can't tell, it is written down again."""
    seen = hashlib.sha256(request.get_full_path().encode()).hexdigest()[:32]
    try:
        return bool(redis.client().set(f"visit:{grant.pk}:{seen}", 1, nx=True, ex=FRAGMENT_SECONDS))
    except (RedisError, OSError):
        return True


def _tell_it_is_over(request: Any, grant: ImpersonationGrant, why: str) -> HttpResponse:
    """The first request after the end does nothing, whatever it asks for: a form that was open in the visit must not
    act with the staff member's own rights, now or later, so its token no longer works either."""
    with workspace_scope(grant.workspace_id):
        visits.leave(grant=grant, by_pk=None, reason=why, now=clock.now())
    rotate_token(request)
    return refusal(request, "over")


def refusal(request: HttpRequest, why: str) -> HttpResponse:
    """403 as a plain page, as JSON for who asks for it, or for a fragment the way to the page. `why`: looking (the
    visit may write nothing), closed (never in a visit), over."""
    if "application/json" in request.headers.get("Accept", ""):
        body = {
            "error": "Not possible during a visit",
            "code": f"visit_{why}",
            "requestId": context.trace_id(),
        }
        response: HttpResponse = JsonResponse(body, status=403)
    else:
        values = {"why": why, "trace_id": context.trace_id()}
        response = render(request, "errors/visit.html", values, status=403)
    if is_fragment(request) and why == "over":
        response["HX-Redirect"] = reverse("admin:index")
    response["Cache-Control"] = "no-store"
    return response
