"""Pages on which accounts are connected, followed and let go. The vendor's own page asks for the password."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from accounts.forms.integrations import CodeForm, ConnectForm, ConsentForm
from accounts.models import Connection, PlatformAccount
from accounts.rules import connections as rules
from accounts.selectors.connections import (
    accounts_within,
    connection_of,
    oauth_platform_of,
    open_connections,
    platform_of,
)
from accounts.selectors.principals import account_of
from accounts.selectors.team import creator_of, creators_within
from accounts.services.connections import follow, start, vendor
from accounts.services.connections.oauth import finish, talk
from accounts.services.onboarding import status_of
from accounts.services.platform_accounts import disconnect as let_go
from accounts.types import ConnectionState, CreatorStatus, Platform
from accounts.views.team import actor_of
from huntaze.kernel import clock
from huntaze.kernel.errors import Conflict, Invalid, Unavailable
from huntaze.kernel.web import page, principal_of

MOST_CREATORS = 200
#: What the services refuse with, for translation.
REFUSALS = (
    gettext_noop("This account is connected"),
    gettext_noop("This creator has left the workspace"),
    gettext_noop("This platform is not configured by the operator"),
    gettext_noop("This attempt to connect has ended; start a new one"),
    gettext_noop("This account was not connected here"),
    gettext_noop("Account already connected"),
    gettext_noop("This answer belongs to no attempt of yours; start a new one"),
    gettext_noop("The platform does not know this account any more: connect it anew"),
    gettext_noop("Nothing leaves a demo workspace"),
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
                    session=session_of(request),
                    actor=actor_of(request),
                    now=clock.now(),
                )
            except (Conflict, Unavailable) as error:
                form.add_error(None, _refusal(error))
                status = _status(error)
            else:
                return redirect(begun.address) if known in talk.PLATFORMS else _framed(request, begun)
    return _asking(request, form, known, status=status)


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
                    session=session_of(request),
                    actor=actor_of(request),
                    now=clock.now(),
                )
            except (Conflict, Unavailable) as error:
                form.add_error(None, _refusal(error))
                status = _status(error)
            else:
                if begun.address:
                    return redirect(begun.address)
                return redirect("connection", platform, begun.connection.public_id)
    return _asking(request, form, Platform(platform), account=account, status=status)


def _asking(
    request: HttpRequest,
    form: ConsentForm,
    platform: Platform,
    *,
    account: PlatformAccount | None = None,
    status: int = 200,
) -> HttpResponse:
    """The consent. Where it leads to the platform's own page, this answer's form may lead there, and no other's."""
    is_oauth, is_configured = platform in talk.PLATFORMS, vendor.is_configured(platform)
    context = {
        "form": form,
        "platform": platform.value,
        "account": account,
        "is_configured": is_configured,
        "is_oauth": is_oauth,
        "scopes": talk.scopes_of(platform) if is_oauth else (),
    }
    response = render(request, "accounts/connect.html", context, status=status)
    if is_oauth and is_configured:
        response._csp_update = {"form-action": [talk.page_origin(platform)]}  # type: ignore[attr-defined]
    return response


@page("accounts.connect")
@require_GET
def callback(request: HttpRequest, platform: str) -> HttpResponse:
    """Where a platform sends people back to. Whatever came of it, the code does not stay in the address."""
    who, known = principal_of(request), oauth_platform_of(platform)
    found = finish.Callback(
        platform=known,
        state=request.GET.get("state", "")[:200],
        code=request.GET.get("code", ""),
        error=request.GET.get("error", "")[:100],
        session=session_of(request),
    )
    try:
        row = finish.finish(
            callback=found, creator_ids=who.creator_ids, actor=actor_of(request), now=clock.now()
        )
    except Conflict as error:
        messages.warning(request, _refusal(error))
        return redirect("integrations")
    return redirect("connection", platform, row.public_id)


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
    """check, choose, code, face-mail, face-done."""
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
        elif deed == "choose":
            finish.choose(connection=row, external_id=request.POST.get("choice", "")[:100], now=now)
        elif deed == "face-mail":
            follow.mail_face_link(connection=row)
            messages.success(request, _("The creator was mailed a link for the face check."))
        elif deed == "face-done":
            follow.confirm_face(connection=row, actor=actor, now=now)
        else:
            raise Http404
    except Invalid:
        if deed == "choose":
            messages.warning(request, _("Choose one of the accounts that were shared."))
            return redirect("connection", platform, row.public_id)
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
    offer = finish.offered(row)
    is_new = row.state == ConnectionState.CONNECTED and not row.attempt
    context = {
        "row": row,
        "form": form or CodeForm(),
        "is_again": bool(row.attempt),
        "is_oauth": row.platform in talk.PLATFORMS,
        "choices": offer[1] if offer else [],
        "is_setting_up": is_new and not status_of(principal_of(request), clock.now()).is_completed,
    }
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


def session_of(request: HttpRequest) -> str:
    """The key of the browser's session."""
    return request.session.session_key or ""


def _status(error: Conflict | Unavailable) -> int:
    return 503 if isinstance(error, Unavailable) else 409
