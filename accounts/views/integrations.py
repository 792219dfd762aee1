"""Pages on which accounts are connected, followed and let go. The vendor's own page asks for the password."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.forms.integrations import CodeForm, ConnectForm, ConsentForm
from accounts.models import Connection
from accounts.rules import connections as rules
from accounts.selectors.connections import (
    accounts_within,
    connection_of,
    open_connections,
    platform_of,
)
from accounts.selectors.principals import account_of
from accounts.selectors.team import creator_of, creators_within
from accounts.services.connections import follow, start, vendor
from accounts.services.platform_accounts import disconnect as let_go
from accounts.types import CreatorStatus, Platform
from accounts.views.team import actor_of, principal_of
from huntaze.kernel import clock
from huntaze.kernel.errors import Conflict, Invalid, Unavailable
from huntaze.kernel.web import page

MOST_CREATORS = 200
#: What the services refuse with, for translation.
REFUSALS = (
    gettext_noop("This account is connected"),
    gettext_noop("This creator has left the workspace"),
    gettext_noop("This platform is not configured by the operator"),
    gettext_noop("This attempt to connect has ended; start a new one"),
    gettext_noop("This account was not connected here"),
    gettext_noop("Account already connected"),
    gettext_noop("The platform does not know this account any more: connect it anew"),
)


@page("creators.view")
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    who = principal_of(request)
    rows = accounts_within(who.creator_ids)
    platforms = [
        {
            "name": platform.value,
            "is_configured": vendor.is_configured(platform),
            "accounts": [row for row in rows if row.platform == platform],
        }
        for platform in Platform
    ]
    may_connect = who.can("accounts.connect")
    context = {
        "platforms": platforms,
        "open": open_connections(who.creator_ids) if may_connect else [],
        "may_connect": may_connect,
    }
    return render(request, "accounts/integrations.html", context)


@page("accounts.connect", step_up=True)
@require_http_methods(["GET", "HEAD", "POST"])
def connect(request: HttpRequest, platform: str) -> HttpResponse:
    """The consent, then the vendor's page in a frame: its address stands in this one answer."""
    who, known = principal_of(request), platform_of(platform)
    creators = [
        row
        for row in creators_within(who.creator_ids)[:MOST_CREATORS]
        if row.status != CreatorStatus.OFFBOARDED
    ]
    form = ConnectForm(creators, request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            creator = creator_of(who.creator_ids, form.cleaned_data["creator"])
            try:
                begun = start.start(
                    creator=creator,
                    platform=known,
                    consent=rules.CONSENT_VERSION,
                    actor=actor_of(request),
                    now=clock.now(),
                )
            except (Conflict, Unavailable) as error:
                form.add_error(None, _refusal(error))
                status = _status(error)
            else:
                return _framed(request, begun)
    context = {"form": form, "platform": known.value, "is_configured": vendor.is_configured(known)}
    return render(request, "accounts/connect.html", context, status=status)


@page("accounts.connect", step_up=True)
@require_http_methods(["GET", "HEAD", "POST"])
def reconnect(request: HttpRequest, platform: str, account_id: str) -> HttpResponse:
    who = principal_of(request)
    account = account_of(who.creator_ids, platform_of(platform), account_id)
    form, status = ConsentForm(request.POST if request.method == "POST" else None), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                begun = start.reconnect(
                    account=account,
                    consent=rules.CONSENT_VERSION,
                    actor=actor_of(request),
                    now=clock.now(),
                )
            except (Conflict, Unavailable) as error:
                form.add_error(None, _refusal(error))
                status = _status(error)
            else:
                return redirect("connection", platform, begun.connection.public_id)
    context = {
        "form": form,
        "platform": platform,
        "account": account,
        "is_configured": vendor.is_configured(Platform(platform)),
    }
    return render(request, "accounts/connect.html", context, status=status)


@page("accounts.connect")
@require_POST
def disconnect(request: HttpRequest, platform: str, account_id: str) -> HttpResponse:
    row = account_of(principal_of(request).creator_ids, platform_of(platform), account_id)
    let_go(account=row, actor=actor_of(request), now=clock.now())
    messages.success(request, _("The account is disconnected. Nothing is sent from it any more."))
    return redirect("integrations")


@page("accounts.connect")
@require_safe
def connection(request: HttpRequest, platform: str, connection_id: str) -> HttpResponse:
    return _shown(request, _row(request, platform, connection_id))


@page("accounts.connect")
@require_POST
def connection_deed(request: HttpRequest, platform: str, connection_id: str, deed: str) -> HttpResponse:
    """check, code, face-mail, face-done."""
    row, now, actor = _row(request, platform, connection_id), clock.now(), actor_of(request)
    try:
        if deed == "check":
            claimed = request.POST.get("account", "")[:100]
            follow.check(connection=row, claimed_id=claimed, actor=actor, now=now)
        elif deed == "code":
            form = CodeForm(request.POST)
            if not form.is_valid():
                return _shown(request, row, form=form, status=422)
            follow.submit_code(connection=row, code=form.cleaned_data["code"], actor=actor, now=now)
        elif deed == "face-mail":
            follow.mail_face_link(connection=row)
            messages.success(request, _("The creator was mailed a link for the face check."))
        elif deed == "face-done":
            follow.confirm_face(connection=row, actor=actor, now=now)
        else:
            raise Http404
    except Invalid:
        form = CodeForm(request.POST)
        form.add_error("code", _("A code has 4 to 12 letters and digits."))
        return _shown(request, row, form=form, status=422)
    except (Conflict, Unavailable) as error:
        messages.warning(request, _refusal(error))
    return redirect("connection", platform, row.public_id)


def _row(request: HttpRequest, platform: str, connection_id: str) -> Connection:
    return connection_of(principal_of(request).creator_ids, platform_of(platform), connection_id)


def _shown(
    request: HttpRequest, row: Connection, *, form: CodeForm | None = None, status: int = 200
) -> HttpResponse:
    context = {"row": row, "form": form or CodeForm(), "is_again": bool(row.attempt)}
    return render(request, "accounts/connection.html", context, status=status)


def _framed(request: HttpRequest, begun: start.Started) -> HttpResponse:
    """The vendor's page in a frame, which only this answer may show."""
    origin = vendor.page_origin()
    context = {"row": begun.connection, "address": begun.address, "origin": origin}
    response = render(request, "accounts/connection.html", context)
    response._csp_update = {"frame-src": [origin]}  # type: ignore[attr-defined]
    return response


def _refusal(error: Conflict | Unavailable) -> str:
    if isinstance(error, Unavailable):
        return _("OnlyFansAPI could not be reached. Nothing was changed.")
    return _(error.message)


def _status(error: Conflict | Unavailable) -> int:
    return 503 if isinstance(error, Unavailable) else 409
