"""Staff mode: the staff's pages open for a while after somebody proved who they are, and not for as long as a session.

A proof is the second factor, or the password where somebody has no factor and none is compulsory. A sign-in is one.
"""

from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts.models import User
from accounts.rules.staff import MODE_NOTED, begins_mode, is_in_mode
from accounts.services.factors import methods_of
from accounts.sessions import (
    begin_staff_mode,
    end_staff_mode,
    factor_at,
    proved_at,
    staff_mode,
    touch_staff_mode,
)
from huntaze.kernel import clock
from huntaze.kernel.web import lead

log = structlog.get_logger(__name__)


class StaffModeMiddleware:
    """Before any page of the admin's, for staff; everybody else is refused by the page itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        found, user = request.resolver_match, request.user
        if found is None or "admin" not in found.namespaces or found.url_name == "logout":
            return None
        if not (isinstance(user, User) and user.is_active and user.is_staff):
            return None
        return None if _is_open(request, user) else lead(request, f"{settings.STEP_UP_URL}?factor=1")


def _is_open(request: HttpRequest, user: User) -> bool:
    session, now = request.session, clock.now()
    began_at, seen_at = staff_mode(session)
    if is_in_mode(began_at, seen_at, now):
        if seen_at is not None and now - seen_at >= MODE_NOTED:
            touch_staff_mode(session, now)
        return True
    if began_at is not None:
        end_staff_mode(session)
    proof = factor_at(session) if methods_of(user) else proved_at(session)
    if not begins_mode(proof, now):
        return False
    begin_staff_mode(session, now)
    log.info("accounts.staff.entered", user_id=user.public_id)
    return True
