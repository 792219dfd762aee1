"""The page behind the link of an invitation."""

from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.errors import AlreadyMember, EmailTaken, InvalidCredentials, InvalidLink
from accounts.forms.team import JoinForm, ProveForm
from accounts.models import Membership, User
from accounts.services import invitations
from accounts.services.limits import guard_address
from accounts.sessions import begin, choose_workspace
from accounts.templatetags.team_words import ROLES
from accounts.views.common import add_faults, too_many
from huntaze.kernel import clock
from huntaze.kernel.errors import Invalid, RateLimited
from huntaze.kernel.web import device_of, remember_device

BACKEND = "django.contrib.auth.backends.ModelBackend"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Shows the offer; takes it up for a new person, one who gives their password, or who is signed in already."""
    try:
        offer = invitations.look(token=token, now=clock.now())
    except InvalidLink:
        return render(request, "accounts/invitation_stale.html", status=404)
    user = request.user if isinstance(request.user, User) and request.user.email == offer.email else None
    form_of = ProveForm if offer.is_known else JoinForm
    form = None if user else form_of(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        if form is None or form.is_valid():
            member, status = _accept(request, offer, user, form)
            if member is not None:
                return _enter(request, member, is_new=not offer.is_known)
    context = {"offer": offer, "form": form, "role": ROLES[offer.role], "is_self": user is not None}
    return render(request, "accounts/invitation.html", context, status=status)


def _accept(
    request: HttpRequest, offer: invitations.Offer, user: User | None, form: JoinForm | ProveForm | None
) -> tuple[Membership | None, int]:
    """The new member, or None with the reason in the form; and the status of the answer."""
    now, device = clock.now(), device_of(request)
    if user is not None or form is None:
        assert user is not None
        return invitations.accept_signed_in(offer=offer, user=user, now=now), 302
    data = form.cleaned_data
    try:
        guard_address("invitation", device)
        if offer.is_known:
            return invitations.accept_as_known(
                offer=offer, password=data["password"], device=device, now=now
            ), 302
        return invitations.accept_as_new(
            offer=offer,
            name=data["name"],
            password=data["password"],
            locale=(get_language() or "en")[:2],
            has_accepted_terms=data["accept_terms"],
            now=now,
        ), 302
    except Invalid as error:
        add_faults(form, error)
    except InvalidCredentials:
        form.add_error("password", _("This is not the password of this account."))
    except (AlreadyMember, EmailTaken) as error:
        form.add_error(None, _(error.message))
    except RateLimited as error:
        form.add_error(None, too_many(error))
        return None, 429
    return None, 422


def _enter(request: HttpRequest, member: Membership, *, is_new: bool) -> HttpResponse:
    """A new person goes straight to work. Whoever had an account comes in by the sign-in page, which knows what else
    it asks of them."""
    if is_new:
        device = device_of(request, make=True)
        login(request, member.user, backend=BACKEND)
        begin(request.session, device, clock.now())
        response = redirect("home")
        remember_device(response, device)
        return response
    if request.user.is_authenticated:
        choose_workspace(request.session, member.workspace.public_id)
        messages.success(request, _("Welcome to %(workspace)s.") % {"workspace": member.workspace.name})
        return redirect("home")
    messages.success(request, _("You are in. Sign in to go on."))
    return redirect("signin")
