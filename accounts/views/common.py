"""What the pages of accounts share: pages of a signed-in person, and where to go afterwards."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils.cache import patch_cache_control
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.errors import InvalidCode
from accounts.models import User
from accounts.services.security_keys import Ceremony
from accounts.sessions import proved_at
from huntaze.kernel import clock, live
from huntaze.kernel.api.principal import PROOF_LASTS
from huntaze.kernel.api.wire import snake
from huntaze.kernel.errors import Invalid, RateLimited
from huntaze.kernel.web import View, is_fragment, lead


def person(*, step_up: bool = False) -> Callable[[View], View]:
    """A page about oneself: signed in, with or without a workspace. `step_up`: the person proves first who they are."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if step_up and not is_proved(request):
                return lead(request, settings.STEP_UP_URL)
            principal = getattr(request, "principal", None)
            if principal is not None and not is_fragment(request):
                request.live_position = live.position(principal.workspace_pk)  # type: ignore[attr-defined]
            response = view(request, *args, **kwargs)
            patch_cache_control(response, no_store=True, private=True)
            return response

        return guarded

    return decorate


def user_of(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def is_proved(request: HttpRequest) -> bool:
    at = proved_at(request.session)
    return at is not None and clock.now() - at <= PROOF_LASTS


def next_of(request: HttpRequest, otherwise: str = "home") -> str:
    """Where to go afterwards; never to another site."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if safe else resolve_url(otherwise)


def too_many(error: RateLimited) -> str:
    """The sentence for a limit that was reached."""
    seconds = int(error.data["retry_after"])
    if seconds < 60:
        text = ngettext(
            "Too many attempts. Try again in %(count)d second.",
            "Too many attempts. Try again in %(count)d seconds.",
            seconds,
        )
        return text % {"count": seconds}
    return _("Too many attempts. Try again in %(minutes)s min.") % {"minutes": -(-seconds // 60)}


def add_faults(form: Form, error: Invalid, field: str | None = None) -> None:
    """What a service found wrong, at the fields of a form."""
    for fault in error.errors:
        name = field or snake(fault.field)
        form.add_error(name if name in form.fields else None, fault.message)


#: Where a session keeps the challenge that a security key has to answer, and the one of a passkey alone.
CHALLENGE, PASSKEY_CHALLENGE = "key_challenge", "passkey_challenge"


def challenge(request: HttpRequest, ceremony: Ceremony | None) -> str:
    """Keep a ceremony's challenge for the answer; gives the options for the browser as JSON, empty without one."""
    if ceremony is None:
        return ""
    request.session[CHALLENGE] = ceremony.state
    return json.dumps(ceremony.options)


def open_challenge(request: HttpRequest, name: str = CHALLENGE) -> dict[str, Any]:
    """The challenge that waits, for one answer only; raises InvalidCode when there is none."""
    state = request.session.pop(name, None)
    if state is None:
        raise InvalidCode
    return dict(state)
