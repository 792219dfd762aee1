"""What is asked of every request: no API key in its address; and who the person behind a browser's session is."""

from collections.abc import Callable
from urllib.parse import unquote

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import rotate_token
from django.urls import get_callable, reverse
from django.utils import timezone, translation

from accounts.errors import ExposedApiKey
from accounts.models import Membership, User, Workspace
from accounts.rules.second_factor import Duty
from accounts.selectors import principal_of
from accounts.selectors.factors import FactorDuty, duty_of_member, duty_of_staff, with_duty
from accounts.selectors.workspaces import MOST_PLACES, chosen_place
from accounts.services.api_keys import revoke_exposed
from accounts.sessions import choose_workspace, is_over, proved_at, touch, workspace_of
from huntaze.kernel import clock, context
from huntaze.kernel.tenancy import cross_workspace
from huntaze.kernel.web import lead

#: What is left to somebody who has to set up a second factor first.
BEFORE_THE_WALL = (
    "/api/", "/static/", "/settings/security", "/signout", "/confirm", "/profile/locale", "/verify-email",
    "/workspace",
)  # fmt: skip


class ExposedKeyMiddleware:
    """Refuses an address with a living API key in its query, whatever it is of, and ends the key: by now it is in
    somebody's log."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        query = unquote(request.META.get("QUERY_STRING", ""))
        if "hz_" in query and self._ended(query):
            body = {"error": ExposedApiKey.message, "requestId": context.trace_id()}
            return JsonResponse(body, status=401, headers={"Cache-Control": "no-store"})
        return self.get_response(request)

    def _ended(self, query: str) -> int:
        with cross_workspace("authentication"):
            return revoke_exposed(address=query, now=clock.now())


class MemberMiddleware:
    """Sets `request.principal` and `request.workspace` (None without membership), the person's language, and their
    time zone, or else the workspace's, for everything that is shown."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.principal = None  # type: ignore[attr-defined]
        request.factor = FactorDuty()  # type: ignore[attr-defined]
        workspace: Workspace | None = None
        zone, has_moved = "", False
        user = request.user if not request.path.startswith(("/api/", "/static/")) else None
        if isinstance(user, User) and user.is_authenticated and is_over(request.session, clock.now()):
            logout(request)
            user = None
        if isinstance(user, User) and user.is_authenticated:
            touch(request.session, clock.now())
            with cross_workspace("session"):
                rows = Membership.objects.living().filter(user=user).select_related("workspace")
                places = list(with_duty(rows).order_by("pk")[:MOST_PLACES])
                for place in places:
                    place.user = user
                member = chosen_place(places, workspace_of(request.session))
                request.places = places  # type: ignore[attr-defined]
                request.factor = (  # type: ignore[attr-defined]
                    duty_of_member(member, clock.now()) if member else duty_of_staff(user, clock.now())
                )
                if member is not None:
                    has_moved = _moved(request, member, is_alone=len(places) == 1)
                    limit = settings.API_REQUESTS_PER_MINUTE
                    request.principal = principal_of(  # type: ignore[attr-defined]
                        member, limit=limit, proved_at=proved_at(request.session)
                    )
                    workspace = member.workspace
            zone = user.timezone
            translation.activate(user.locale)
            request.LANGUAGE_CODE = user.locale
        request.workspace = workspace  # type: ignore[attr-defined]
        if request.factor.duty is Duty.WALL and not request.path.startswith(BEFORE_THE_WALL):  # type: ignore[attr-defined]
            return lead(request, reverse("security"))
        if has_moved and request.method not in {"GET", "HEAD"}:
            refusal: HttpResponse = get_callable(settings.CSRF_FAILURE_VIEW)(request)
            return refusal
        with timezone.override(zone or (workspace.timezone if workspace else None)):
            return self.get_response(request)


def _moved(request: HttpRequest, member: Membership, *, is_alone: bool) -> bool:
    """Keep in mind where the session works; True when that is another workspace than before, because the one before has
    shut its doors. A form that was open there must not act here, now or later: its token no longer works."""
    before, here = workspace_of(request.session), member.workspace.public_id
    if before == here or (before is None and is_alone):
        return False
    choose_workspace(request.session, here)
    if before is None:
        return False
    rotate_token(request)
    return True
