"""The page about one's own ways in: password and sessions."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.errors import InvalidCredentials
from accounts.forms.security import ChangePasswordForm, DisableForm
from accounts.models import BrowserSession
from accounts.selectors.factors import keys_of, recovery_codes_left
from accounts.selectors.sessions import sessions_of
from accounts.services import credentials
from accounts.services.factors import methods_of
from accounts.services.signin import end_session, sign_out_everywhere
from accounts.sessions import row_key
from accounts.views.common import add_faults, person, too_many, user_of
from huntaze.kernel import clock
from huntaze.kernel.errors import Invalid, NotFound, RateLimited


@require_http_methods(["GET", "HEAD"])
@person()
def overview(request: HttpRequest) -> HttpResponse:
    return shown(request)


@require_POST
@person()
def change_password(request: HttpRequest) -> HttpResponse:
    form, user = ChangePasswordForm(request.POST), user_of(request)
    status = 422
    if form.is_valid():
        try:
            credentials.change_password(
                user=user,
                current=form.cleaned_data["current_password"],
                new=form.cleaned_data["new_password"],
                now=clock.now(),
                keep_browser=own_row(request),
            )
        except InvalidCredentials:
            form.add_error("current_password", _("This is not your password."))
        except Invalid as error:
            add_faults(form, error)
        except RateLimited as error:
            form.add_error(None, too_many(error))
            status = 429
        else:
            update_session_auth_hash(request, user)
            messages.success(request, _("Your password was changed, and every other session was signed out."))
            return redirect("security")
    return shown(request, status=status, password=form)


@require_POST
@person(step_up=True)
def end(request: HttpRequest, session_id: str) -> HttpResponse:
    try:
        end_session(user=user_of(request), session_id=session_id, now=clock.now())
    except NotFound as error:
        raise Http404 from error
    messages.success(request, _("The session was ended."))
    return redirect("security")


@require_POST
@person(step_up=True)
def end_all(request: HttpRequest) -> HttpResponse:
    sign_out_everywhere(user=user_of(request), now=clock.now())
    logout(request)
    response = redirect("signin")
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response


def shown(request: HttpRequest, *, status: int = 200, **parts: Any) -> HttpResponse:
    """The whole page; `parts` replace what it is made of, such as a form with errors."""
    own = BrowserSession.objects.filter(session_key=own_row(request)).first()
    current = frozenset({own.public_id} if own else ())
    user = user_of(request)
    context = {
        "password": ChangePasswordForm(),
        "app_off": DisableForm(),
        "methods": methods_of(user),
        "keys": keys_of(user),
        "codes_left": recovery_codes_left(user),
        "sessions": sessions_of(user.pk, now=clock.now(), current=current),
    }
    return render(request, "accounts/security.html", context | parts, status=status)


def own_row(request: HttpRequest) -> str:
    """The row key of the browser session that asks."""
    return row_key(request.session.session_key or "")
