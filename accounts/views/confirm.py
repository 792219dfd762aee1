"""Step-up on the pages: the password once more before a dangerous deed."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.errors import InvalidCode, InvalidCredentials
from accounts.forms.signin import ConfirmForm
from accounts.services.factors import methods_of, prove
from accounts.sessions import note_factor, note_proof
from accounts.views.common import next_of, person, too_many, user_of
from huntaze.kernel import clock
from huntaze.kernel.errors import RateLimited


@require_http_methods(["GET", "HEAD", "POST"])
@person()
def confirm(request: HttpRequest) -> HttpResponse:
    """With `factor` in the address a password is not enough."""
    user, status = user_of(request), 200
    methods, is_strict = methods_of(user), False
    if methods:
        is_strict = bool(request.GET.get("factor") or request.POST.get("factor"))
    form = ConfirmForm(request.POST or None, is_strict=is_strict)
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                prove(
                    user=user,
                    password=form.cleaned_data.get("password", ""),
                    code=form.cleaned_data["code"],
                    now=clock.now(),
                )
            except InvalidCode:
                form.add_error("code", _("This code or key is not accepted. Each code works once."))
            except InvalidCredentials:
                form.add_error("password", _("This is not your password."))
            except RateLimited as error:
                form.add_error(None, too_many(error))
                status = 429
            else:
                request.session.cycle_key()  # who knew the cookie before does not inherit the proof
                note_proof(request.session, clock.now())
                if form.cleaned_data["code"]:
                    note_factor(request.session, clock.now())
                return redirect(next_of(request))
    context = {"form": form, "next": next_of(request), "methods": methods, "is_strict": is_strict}
    return render(request, "accounts/confirm.html", context, status=status)
