"""Pages of signing up, and of confirming a mail address."""

from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.errors import EmailTaken, InvalidLink
from accounts.forms.signup import SignUpForm
from accounts.models import User
from accounts.services import signup
from accounts.services.limits import guard_address
from accounts.sessions import begin
from accounts.views.common import add_faults, next_of, person, too_many, user_of
from accounts.views.signin import BACKEND
from huntaze.kernel import clock
from huntaze.kernel.errors import Invalid, RateLimited
from huntaze.kernel.web import Device, device_of, remember_device


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("home")
    form, status = SignUpForm(request.POST or None), 200
    if request.method == "POST":
        device = device_of(request, make=True)
        made, status = _made(form, device) if form.is_valid() else (None, 422)
        if made is not None:
            return _welcome(request, made, device)
    return render(request, "accounts/signup.html", {"form": form}, status=status)


def _made(form: SignUpForm, device: Device) -> tuple[signup.SignedUp | None, int]:
    """The new person, or None with the reason in the form; and the status of the answer."""
    data = form.cleaned_data
    try:
        made = signup.sign_up(
            name=data["name"],
            email=data["email"],
            password=data["password"],
            locale=(get_language() or "en")[:2],
            timezone=data["timezone"],
            device=device,
            now=clock.now(),
        )
        return made, 201
    except Invalid as error:
        add_faults(form, error)
    except EmailTaken:
        form.add_error("email", _("An account with this address exists. Sign in, or reset its password."))
    except RateLimited as error:
        form.add_error(None, too_many(error))
        return None, 429
    return None, 422


def _welcome(request: HttpRequest, made: signup.SignedUp, device: Device) -> HttpResponse:
    """The first key is in this answer and nowhere else; a reload is a second sign-up, which is refused."""
    login(request, made.user, backend=BACKEND)
    begin(request.session, device, clock.now())
    response = render(
        request, "accounts/welcome.html", {"person": made.user, "key": made.key_secret}, status=201
    )
    remember_device(response, device)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@person()
def unverified(request: HttpRequest) -> HttpResponse:
    """What waits for a verified mail, and a button that sends the mail again."""
    user = user_of(request)
    if user.email_verified_at is not None:
        return redirect(next_of(request))
    if request.method == "POST":
        if signup.resend_verification(user=user, now=clock.now()):
            messages.success(request, _("The mail is on its way."))
        else:
            messages.info(request, _("A mail was sent less than a minute ago. Look in your inbox first."))
        return redirect("verify_email")
    return render(request, "accounts/verify_email.html", {"address": user.email})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest, token: str) -> HttpResponse:
    """The link of the mail. Looking at it changes nothing: mail programs follow links by themselves."""
    context, status = {"state": "asked"}, 200
    if request.method == "POST":
        try:
            guard_address("verify", device_of(request))
            signup.verify_email(token=token, now=clock.now())
            context = {"state": "done"}
        except InvalidLink:
            context, status = {"state": _why_not(request)}, 400
        except RateLimited as error:
            context, status = {"state": "asked", "trouble": too_many(error)}, 429
    return render(request, "accounts/verify_link.html", context, status=status)


def _why_not(request: HttpRequest) -> str:
    """A link that was followed twice is no failure for the person whose address is verified."""
    user = request.user
    return "done" if isinstance(user, User) and user.email_verified_at is not None else "stale"
