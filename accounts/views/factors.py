"""Pages that set up and take away second factors."""

import segno
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.errors import FactorExists, InvalidCode, InvalidCredentials, NoFactor, TooManyFactors
from accounts.forms.security import AppForm, DisableForm, KeyForm
from accounts.services import factors, security_keys
from accounts.views.common import challenge, open_challenge, person, too_many, user_of
from accounts.views.security import shown
from accounts.views.signin import host_of
from huntaze.kernel import clock, ids
from huntaze.kernel.errors import NotFound, RateLimited


@require_POST
@person(step_up=True)
def app_start(request: HttpRequest) -> HttpResponse:
    try:
        factors.enrol_totp(user=user_of(request), now=clock.now())
    except FactorExists:
        return redirect("security")
    return redirect("security_app")


@require_http_methods(["GET", "HEAD", "POST"])
@person(step_up=True)
def app(request: HttpRequest) -> HttpResponse:
    """The secret for the app, and the first code from it; then the recovery codes, once."""
    user = user_of(request)
    waiting = factors.waiting_enrolment(user)
    if waiting is None:
        return redirect("security")
    form, status = AppForm(request.POST or None), 200
    if request.method == "POST" and form.is_valid():
        status = 422
        try:
            found = factors.confirm_totp(user=user, code=form.cleaned_data["code"], now=clock.now())
            return _codes(request, found)
        except InvalidCode:
            form.add_error(
                "code", _("This is not the code that the app should show. Is the phone's clock right?")
            )
        except NoFactor:
            return redirect("security")
        except RateLimited as error:
            form.add_error(None, too_many(error))
            status = 429
    context = {"form": form, "secret": waiting.secret, "qr": _qr(waiting.uri)}
    return render(request, "accounts/factor_app.html", context, status=status)


@require_POST
@person()
def app_off(request: HttpRequest) -> HttpResponse:
    form, status = DisableForm(request.POST), 422
    if form.is_valid():
        try:
            factors.disable_totp(user=user_of(request), now=clock.now(), **form.cleaned_data)
        except InvalidCredentials:
            form.add_error("password", _("This is not your password."))
        except InvalidCode:
            form.add_error("code", _("This code or key is not accepted. Each code works once."))
        except NoFactor:
            return redirect("security")
        except RateLimited as error:
            form.add_error(None, too_many(error))
            status = 429
        else:
            messages.success(request, _("The authenticator app is off."))
            return redirect("security")
    return shown(request, status=status, app_off=form)


@require_POST
@person(step_up=True)
def codes(request: HttpRequest) -> HttpResponse:
    try:
        return _codes(request, factors.new_recovery_codes(user=user_of(request), now=clock.now()))
    except NoFactor:
        return redirect("security")


@require_http_methods(["GET", "HEAD", "POST"])
@person(step_up=True)
def key_new(request: HttpRequest) -> HttpResponse:
    user, form, status = user_of(request), KeyForm(request.POST or None), 200
    try:
        if request.method == "POST":
            status = 422
            if form.is_valid():
                found = security_keys.finish_registration(
                    user=user,
                    host=host_of(request),
                    state=open_challenge(request),
                    response=form.cleaned_data["response"],
                    name=form.cleaned_data["name"],
                    now=clock.now(),
                )
                messages.success(request, _("The security key was added."))
                return _codes(request, found) if found else redirect("security")
    except InvalidCode:
        form.add_error(None, _("The key's answer does not fit. Try again."))
    except TooManyFactors:
        form.add_error(None, _("You have too many security keys; remove one first."))
    try:
        begun = security_keys.begin_registration(user=user, host=host_of(request))
    except TooManyFactors:
        messages.error(request, _("You have too many security keys; remove one first."))
        return redirect("security")
    context = {"form": form, "key_options": challenge(request, begun)}
    return render(request, "accounts/factor_key.html", context, status=status)


@require_POST
@person(step_up=True)
def key_remove(request: HttpRequest, key_id: str) -> HttpResponse:
    uid = ids.decode("wak", key_id)
    try:
        if uid is None:
            raise NotFound
        security_keys.remove_key(user=user_of(request), key_uid=uid, now=clock.now())
    except NotFound as error:
        raise Http404 from error
    messages.success(request, _("The security key was removed."))
    return redirect("security")


def _codes(request: HttpRequest, found: list[str]) -> HttpResponse:
    """Recovery codes are in this answer and nowhere else."""
    return render(request, "accounts/factor_codes.html", {"codes": found})


def _qr(text: str) -> SafeString:
    code = segno.make(text, error="m", micro=False)
    drawn: SafeString = mark_safe(code.svg_inline(scale=4, border=0, omitsize=True))  # noqa: S308  # drawn by segno, no input in it
    return drawn
