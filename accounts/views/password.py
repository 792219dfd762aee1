"""Pages of a forgotten password."""

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.errors import InvalidLink
from accounts.forms.security import NewPasswordForm, ResetForm
from accounts.services import credentials, links
from accounts.services.limits import guard_address
from accounts.views.common import add_faults, too_many
from huntaze.kernel import clock
from huntaze.kernel.errors import Invalid, RateLimited
from huntaze.kernel.web import device_of


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """The same page whether the address is known or not."""
    form, status, sent_to = ResetForm(request.POST or None), 200, ""
    if request.method == "POST":
        if form.is_valid():
            email, locale = form.cleaned_data["email"], (get_language() or "en")[:2]
            try:
                credentials.request_reset(
                    email=email, locale=locale, device=device_of(request), now=clock.now()
                )
                sent_to = email
            except RateLimited as error:
                form.add_error(None, too_many(error))
                status = 429
        else:
            status = 422
    return render(request, "accounts/reset.html", {"form": form, "sent_to": sent_to}, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest, token: str) -> HttpResponse:
    """The link of the mail: a new password, then sign in with it."""
    form, status = NewPasswordForm(request.POST or None), 200
    try:
        links.user_to_reset(token)
        if request.method == "POST":
            status = 422
            if form.is_valid():
                guard_address("reset-confirm", device_of(request))
                credentials.reset_password(
                    token=token, password=form.cleaned_data["password"], now=clock.now()
                )
                logout(request)
                messages.success(request, _("Your password was changed. Sign in with the new one."))
                return redirect("signin")
    except InvalidLink:
        return render(request, "accounts/reset_stale.html", status=400)
    except Invalid as error:
        add_faults(form, error)
    except RateLimited as error:
        form.add_error(None, too_many(error))
        status = 429
    return render(request, "accounts/reset_choose.html", {"form": form}, status=status)
