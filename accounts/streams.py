"""Whom a browser's event stream answers: the same person, workspace and rights as the pages beside it."""

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from accounts.models import Membership, User
from accounts.rules.second_factor import Duty
from accounts.selectors import principal_of
from accounts.selectors.factors import duty_of_member, with_duty
from accounts.selectors.impersonation import grant_of_session, visitor, why_over
from accounts.selectors.workspaces import MOST_PLACES, chosen_place
from accounts.sessions import SessionStore, is_over, row_key, workspace_of
from huntaze.kernel import clock
from huntaze.kernel.api.principal import Principal
from huntaze.kernel.tenancy import cross_workspace


def listener_of(cookie: str) -> Principal | None:
    """Who listens with this session cookie, and with which rights now; None for nobody.

    Listening is not use: it keeps no session alive.
    """
    request = HttpRequest()
    request.session = SessionStore(cookie)
    now = clock.now()
    user = get_user(request)
    if not (isinstance(user, User) and user.is_active) or is_over(request.session, now):
        return None
    if user.is_staff:
        grant = grant_of_session(staff_pk=user.pk, session_digest=row_key(cookie))
        if grant is not None:
            limit = settings.API_REQUESTS_PER_MINUTE
            return None if why_over(grant, now) else visitor(grant, limit=limit)
    with cross_workspace("session"):
        rows = Membership.objects.living().filter(user=user).select_related("user", "workspace")
        places = list(with_duty(rows).order_by("pk")[:MOST_PLACES])
        member = chosen_place(places, workspace_of(request.session))
        if member is None or duty_of_member(member, now).duty is Duty.WALL:
            return None
        return principal_of(member, limit=settings.API_REQUESTS_PER_MINUTE)
