"""Signing in and out of the dashboard, in one step or two, and the language of its pages."""

from django.contrib import messages
from django.contrib.auth import login, logout
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.errors import InvalidCode, InvalidCredentials
from accounts.forms.profile import LocaleForm
from accounts.forms.signin import CodeForm, PasskeyForm, SignInForm
from accounts.models import User
from accounts.services import factors, passkeys, security_keys
from accounts.services.profile import change_profile
from accounts.services.signin import note_browser_sign_in, verified_user
from accounts.sessions import begin, note_factor
from accounts.views.common import PASSKEY_CHALLENGE, challenge, next_of, open_challenge, too_many
from huntaze.kernel import clock
from huntaze.kernel.errors import RateLimited
from huntaze.kernel.web import device_of, remember_device

BACKEND = "django.contrib.auth.backends.ModelBackend"
REMEMBERED_SECONDS = 30 * 86_400
#: Where a session without a person keeps who gave the right password, and for how many seconds.
HALF_WAY, HALF_WAY_SECONDS = "half_way", 600


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """One sentence for every kind of failure, so that mail addresses can't be probed."""
    if request.user.is_authenticated:
        return redirect(next_of(request))
    if request.POST.get("response"):
        return _by_passkey(request)
    form, status = SignInForm(request.POST or None), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                return _first_step(request, form)
            except InvalidCredentials:
                form.add_error(None, _("This email and password do not match an account."))
            except RateLimited as error:
                form.add_error(None, too_many(error))
                status = 429
    return _shown(request, form, status)


def _shown(request: HttpRequest, form: SignInForm, status: int) -> HttpResponse:
    wanted = request.POST.get("next") or request.GET.get("next", "")
    return render(request, "accounts/signin.html", {"form": form, "next": wanted}, status=status)


@never_cache
@require_POST
def passkey_start(request: HttpRequest) -> HttpResponse:
    """A question to whatever passkey the browser has for this host; asked for only when somebody wants to answer."""
    try:
        begun = passkeys.begin_passkey(host=host_of(request), device=device_of(request))
    except RateLimited as error:
        return JsonResponse({"error": error.message}, status=429)
    request.session[PASSKEY_CHALLENGE] = begun.state
    if not request.user.is_authenticated:
        request.session.set_expiry(HALF_WAY_SECONDS)
    return JsonResponse(begun.options)


def _by_passkey(request: HttpRequest) -> HttpResponse:
    """The answer of a passkey is everything: who it is, and that it is them."""
    sent, form, status = PasskeyForm(request.POST), SignInForm(), 422
    try:
        state = open_challenge(request, PASSKEY_CHALLENGE)
        if not sent.is_valid():
            raise InvalidCode
        user = passkeys.finish_passkey(
            host=host_of(request),
            state=state,
            response=sent.cleaned_data["response"],
            device=device_of(request),
            now=clock.now(),
        )
    except InvalidCode:
        sentence = _("This passkey does not open an account here. Sign in with your password.")
    except RateLimited as error:
        sentence, status = too_many(error), 429
    else:
        return enter(request, user, is_remembered=sent.cleaned_data["remember_me"], method="passkey")
    messages.error(request, sentence)
    return _shown(request, form, status)


def _first_step(request: HttpRequest, form: SignInForm) -> HttpResponse:
    user = verified_user(
        email=form.cleaned_data["email"],
        password=form.cleaned_data["password"],
        device=device_of(request),
        now=clock.now(),
    )
    is_remembered = form.cleaned_data["remember_me"]
    if not factors.methods_of(user):
        return enter(request, user, is_remembered=is_remembered)
    request.session.cycle_key()
    request.session[HALF_WAY] = [user.pk, user.session_version, is_remembered, int(clock.now().timestamp())]
    return redirect_to_login(next_of(request), reverse("signin_code"))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def second_step(request: HttpRequest) -> HttpResponse:
    """A code of the app, a recovery code, or a security key; the password was right within the last ten minutes."""
    found = _half_way(request)
    if found is None:
        return redirect("signin")
    user, is_remembered = found
    form, status = CodeForm(request.POST or None), 200
    if request.method == "POST":
        status = 422
        try:
            factor = _proof(request, user, form)
            if factor:
                return enter(request, user, is_remembered=is_remembered, factor=factor)
        except InvalidCode:
            form.add_error(None, _("This code or key is not accepted. Each code works once."))
        except RateLimited as error:
            form.add_error(None, too_many(error))
            status = 429
    context = {
        "form": form,
        "next": next_of(request),
        "methods": factors.methods_of(user),
        "key_options": challenge(request, security_keys.begin_proof(user=user, host=host_of(request))),
    }
    return render(request, "accounts/signin_code.html", context, status=status)


def _proof(request: HttpRequest, user: User, form: CodeForm) -> str:
    """By which factor; raises InvalidCode, RateLimited; empty when the form holds nothing."""
    if not form.is_valid():
        return ""
    if form.cleaned_data["response"]:
        security_keys.finish_proof(
            user=user,
            host=host_of(request),
            state=open_challenge(request),
            response=form.cleaned_data["response"],
            now=clock.now(),
        )
        return "webauthn"
    return factors.check_code(user=user, code=form.cleaned_data["code"], now=clock.now())


def _half_way(request: HttpRequest) -> tuple[User, bool] | None:
    pk, version, is_remembered, at = request.session.get(HALF_WAY) or (0, 0, False, 0)
    if clock.now().timestamp() - at > HALF_WAY_SECONDS:
        return None
    user = User.objects.filter(pk=pk, session_version=version, is_active=True).first()
    return (user, is_remembered) if user else None


def enter(
    request: HttpRequest, user: User, *, is_remembered: bool, method: str = "", factor: str = "password"
) -> HttpResponse:
    """Everything was right: the session is the person's from now on. A passkey is a second factor by itself."""
    device, now = device_of(request, make=True), clock.now()
    response = redirect(next_of(request))
    request.session.pop(HALF_WAY, None)
    login(request, user, backend=BACKEND)
    begin(request.session, device, now)
    if factor != "password" or method == "passkey":
        note_factor(request.session, now)
    request.session.set_expiry(REMEMBERED_SECONDS if is_remembered else None)
    note_browser_sign_in(user=user, device=device, now=now, method=method, factor=factor)
    remember_device(response, device)
    return response


def host_of(request: HttpRequest) -> str:
    """The name that security keys are bound to."""
    return request.get_host().partition(":")[0]


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    response = redirect("signin")
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response


@require_POST
def locale(request: HttpRequest) -> HttpResponse:
    """Keep the language a person chose and go back to where they were."""
    if not isinstance(request.user, User):
        return redirect("signin")
    form = LocaleForm(request.POST)
    if not form.is_valid():
        raise BadRequest("unknown language")
    change_profile(user=request.user, fields=form.cleaned_data, now=clock.now())
    return redirect(next_of(request))
