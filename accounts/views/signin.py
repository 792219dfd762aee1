"""Pages of signing in and out of the dashboard."""

from django.contrib.auth import login, logout
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.errors import InvalidCredentials
from accounts.forms.signin import SignInForm
from accounts.services.people import set_locale
from accounts.services.signin import note_browser_sign_in, verified_user
from huntaze.kernel import clock
from huntaze.kernel.errors import Invalid, RateLimited
from huntaze.kernel.web import device_of

REMEMBERED_SECONDS = 30 * 86_400


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """One sentence for every kind of failure, so that mail addresses can't be probed."""
    if request.user.is_authenticated:
        return redirect(_next(request))
    form = SignInForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                user = verified_user(
                    email=form.cleaned_data["email"],
                    password=form.cleaned_data["password"],
                    device=device_of(request),
                )
            except InvalidCredentials:
                form.add_error(None, _("This email and password do not match an account."))
            except RateLimited as error:
                minutes = -(-error.data["retry_after"] // 60)
                form.add_error(
                    None, _("Too many attempts. Try again in %(minutes)s min.") % {"minutes": minutes}
                )
                status = 429
            else:
                login(request, user, backend="django.contrib.auth.backends.ModelBackend")
                note_browser_sign_in(user=user, now=clock.now())
                request.session.set_expiry(REMEMBERED_SECONDS if form.cleaned_data["remember_me"] else None)
                return redirect(_next(request))
    return render(
        request, "accounts/signin.html", {"form": form, "next": request.GET.get("next", "")}, status=status
    )


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    response = redirect("signin")
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response


@require_POST
def locale(request: HttpRequest) -> HttpResponse:
    """Keep the language a person chose and go back to where they were."""
    if not request.user.is_authenticated:
        return redirect("signin")
    try:
        set_locale(user=request.user, locale=request.POST.get("locale", ""))
    except Invalid as error:
        raise BadRequest("unknown language") from error
    return redirect(_next(request))


def _next(request: HttpRequest) -> str:
    """Where to go after signing in; never to another site."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if safe else resolve_url("home")
