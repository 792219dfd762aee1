"""Signing in and out of the dashboard, and the language of its pages."""

from django.contrib.auth import login, logout
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.errors import InvalidCredentials
from accounts.forms.signin import SignInForm
from accounts.services.people import set_locale
from accounts.services.signin import note_browser_sign_in, verified_user
from accounts.sessions import begin
from accounts.views.common import next_of, too_many
from huntaze.kernel import clock
from huntaze.kernel.errors import Invalid, RateLimited
from huntaze.kernel.web import device_of, remember_device

REMEMBERED_SECONDS = 30 * 86_400


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """One sentence for every kind of failure, so that mail addresses can't be probed."""
    if request.user.is_authenticated:
        return redirect(next_of(request))
    form = SignInForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status, device = 422, device_of(request, make=True)
        if form.is_valid():
            try:
                user = verified_user(
                    email=form.cleaned_data["email"],
                    password=form.cleaned_data["password"],
                    device=device,
                )
            except InvalidCredentials:
                form.add_error(None, _("This email and password do not match an account."))
            except RateLimited as error:
                form.add_error(None, too_many(error))
                status = 429
            else:
                login(request, user, backend="django.contrib.auth.backends.ModelBackend")
                now = clock.now()
                begin(request.session, device, now)
                note_browser_sign_in(user=user, now=now)
                request.session.set_expiry(REMEMBERED_SECONDS if form.cleaned_data["remember_me"] else None)
                response = redirect(next_of(request))
                remember_device(response, device)
                return response
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
    return redirect(next_of(request))
