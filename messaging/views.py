"""The page of the queue: its figures, its lists, and the form that sends one message."""
import hashlib
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST, require_safe

from accounts.models import PlatformAccount
from accounts.selectors import account_of, reachable_accounts
from accounts.services.audit import Actor
from accounts.services.platform_accounts import set_paused
from accounts.types import Platform
from huntaze.kernel import clock
from huntaze.kernel.api.principal import Principal
from huntaze.kernel.errors import Conflict, Invalid
from huntaze.kernel.web import is_fragment, page
from messaging import selectors
from messaging.errors import UnknownFan
from messaging.forms import SendForm
from messaging.selectors import queue_page, recipients
from messaging.services import dead_letters, forecasts
from messaging.services.board import board
from messaging.services.fans import handle_digest
from messaging.services.send_once import send_once

DEEDS = {
    "retry": dead_letters.retry_failed,
    "cancel": dead_letters.cancel,
    "arrived": dead_letters.it_arrived,
    "again": dead_letters.send_again,
}
TABS = tuple(queue_page.LISTS)
#: What the services refuse with, for translation.
REFUSALS = (
    gettext_noop("This message is not failed"),
    gettext_noop("This message is not uncertain"),
    gettext_noop("It is too late to cancel this message"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where on the page the member is; it all stands in the URL."""

    all: list[PlatformAccount]
    chosen: PlatformAccount | None
    show: str
    after: str

    @property
    def accounts(self) -> list[PlatformAccount]:
        return [self.chosen] if self.chosen else self.all


@page("queue.view")
@require_safe
def onlyfans(request: HttpRequest) -> HttpResponse:
    return _full(request)


@page("queue.view")
@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    if not is_fragment(request):
        return _full(request)
    place = _place(request)
    return _tagged(request, "messaging/_figures.html", _figures(place))


@page("queue.view")
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    if not is_fragment(request):
        return _full(request)
    return _tagged(request, "messaging/_list.html", _list(_place(request)))


@page("queue.view")
@require_safe
def message(request: HttpRequest, message_id: str) -> HttpResponse:
    """One message's state, for the sender who watches it go out."""
    delivery = selectors.delivery_of(_principal(request).creator_ids, message_id)
    return _tagged(request, "messaging/_receipt.html", {"receipt": queue_page.row_of(delivery, clock.now())})


@page("messages.send")
@require_safe
def fans(request: HttpRequest) -> HttpResponse:
    """The fans last active on an account, as choices of the recipient's field."""
    account = _asked_account(request)
    return render(request, "messaging/_fans.html", {"recent": recipients.recent(account)})


@page("messages.send")
@require_safe
def recipient(request: HttpRequest) -> HttpResponse:
    """Who is behind what was typed, said before anything is sent."""
    term = request.GET.get("recipient", "").strip()
    context: dict[str, Any] = {"term": term, "found": None}
    if term:
        try:
            fan = recipients.recipient(_asked_account(request), term, handle_digest(term))
            context["found"] = recipients.candidate(fan)
        except UnknownFan:
            pass
    return render(request, "messaging/_recipient.html", context)


@page("messages.send")
@require_safe
def forecast(request: HttpRequest) -> HttpResponse:
    """When the message in the form would go out."""
    form = SendForm([_asked_account(request)], request.GET)
    form.is_valid()
    data = form.cleaned_data
    found = forecasts.forecast(
        account=_asked_account(request),
        priority=data.get("priority") or form.fields["priority"].initial,
        scheduled_at=data.get("scheduled_at"),
        now=clock.now(),
    )
    return render(request, "messaging/_forecast.html", {"forecast": found, "account": _asked_account(request)})


@page("messages.send")
@require_POST
def send(request: HttpRequest) -> HttpResponse:
    """Queue the form's message. A refusal answers 422 or 409 with everything that was typed."""
    place = _place(request)
    form = SendForm(place.all, request.POST)
    status = 422
    if form.is_valid():
        try:
            message_id = _queue(request, form, place.all)
        except UnknownFan as error:
            sentence = _("No fan of this account has this handle or id.")
            form.add_error("recipient", _(error.message) if error.message != UnknownFan.message else sentence)
        except Invalid as error:
            form.add_faults(list(error.errors))
        except Conflict:
            status, form = 409, _renewed(form, place.all)
        else:
            return _queued(request, place, message_id)
    context = _form(request, place, form)
    if is_fragment(request):
        return render(request, "messaging/_send.html", context, status=status)
    return _full(request, status=status, **context)


@page("queue.manage")
@require_POST
def deed(request: HttpRequest, message_id: str, deed: str) -> HttpResponse:
    """Retry, cancel or decide about one message."""
    if deed not in DEEDS:
        raise Http404
    principal = _principal(request)
    delivery = selectors.delivery_of(principal.creator_ids, message_id)
    try:
        DEEDS[deed](delivery=delivery, actor=_actor(principal), now=clock.now())
    except Conflict as error:
        return _told(request, messages.WARNING, _(error.message), status=409)
    sentences = {
        "retry": _("The message is queued again."),
        "cancel": _("The message is cancelled; it will not be sent."),
        "arrived": _("Noted: the message arrived."),
        "again": _("The message is queued again."),
    }
    return _told(request, messages.SUCCESS, sentences[deed])


@page("queue.manage")
@require_POST
def account_deed(request: HttpRequest, account_id: str, deed: str) -> HttpResponse:
    """Pause or resume an account's sending."""
    if deed not in {"pause", "resume"}:
        raise Http404
    principal = _principal(request)
    account = account_of(principal.creator_ids, Platform.ONLYFANS, account_id)
    set_paused(account=account, is_paused=deed == "pause", actor=_actor(principal), now=clock.now())
    values = {"account": str(account)}
    paused, resumed = _("Sending for %(account)s is paused."), _("Sending for %(account)s goes on.")
    return _told(request, messages.SUCCESS, (paused if deed == "pause" else resumed) % values)


def _full(request: HttpRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    place = _place(request)
    shown = _figures(place)
    context = {**shown, **_list(place, shown["board"].total), **_form(request, place), **more}
    response = render(request, "messaging/onlyfans.html", context, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Request-Type"])
    return response


def _place(request: HttpRequest) -> Place:
    reach = _principal(request).creator_ids
    wanted, show = request.GET.get("account"), request.GET.get("show", "")
    accounts = reachable_accounts(reach, Platform.ONLYFANS)
    chosen = next((row for row in accounts if row.public_id == wanted), None)
    if wanted and chosen is None:
        chosen = account_of(reach, Platform.ONLYFANS, wanted)
    return Place(accounts, chosen, show if show in TABS else TABS[0], request.GET.get("after", ""))


def _figures(place: Place) -> dict[str, Any]:
    return {"board": board(place.accounts, clock.now()), "place": place}


def _list(place: Place, total: queue_page.Counts | None = None) -> dict[str, Any]:
    found = queue_page.listing(place.accounts, place.show, place.after, clock.now())
    return {"listing": found, "show": place.show, "total": total or _total(place), "place": place}


def _total(place: Place) -> queue_page.Counts:
    found = queue_page.counts([account.pk for account in place.accounts]).values()
    return queue_page.Counts(*(sum(getattr(row, name) for row in found) for name in queue_page.Counts.__slots__))


def _form(request: HttpRequest, place: Place, form: SendForm | None = None) -> dict[str, Any]:
    """The form with the fans of its account and what is said before sending."""
    if not _principal(request).can("messages.send") or not place.all:
        return {"form": None}
    account = place.chosen or place.all[0]
    if form is None:
        form = SendForm(place.all, initial={"account": account.public_id})
    elif named := [row for row in place.all if row.public_id == form["account"].value()]:
        account = named[0]
    found = forecasts.forecast(
        account=account, priority=_priority(form), scheduled_at=None, now=clock.now()
    )
    return {"form": form, "forecast": found, "account": account, "recent": recipients.recent(account), "place": place}


def _priority(form: SendForm) -> int:
    value = str(form["priority"].value())
    return int(value) if value in "123456789" and value else 5


def _queue(request: HttpRequest, form: SendForm, accounts: list[PlatformAccount]) -> str:
    data = form.cleaned_data
    account = next(row for row in accounts if row.public_id == data["account"])
    fan = recipients.recipient(account, data["recipient"], handle_digest(data["recipient"]))
    command = form.command(fan.public_id)
    return send_once(principal=_principal(request), command=command, token=data["token"], now=clock.now())


def _queued(request: HttpRequest, place: Place, message_id: str) -> HttpResponse:
    if not is_fragment(request):
        messages.success(request, _("The message is queued."))
        return redirect(_back(request))
    delivery = selectors.delivery_of(_principal(request).creator_ids, message_id)
    account = request.POST.get("account", "")
    fresh = SendForm(place.all, initial={"account": account})
    context = _form(request, place, fresh) | {"receipt": queue_page.row_of(delivery, clock.now())}
    response = render(request, "messaging/_send.html", context)
    response["HX-Trigger"] = "queue-changed"
    return response


def _renewed(form: SendForm, accounts: list[PlatformAccount]) -> SendForm:
    """The same input under a new token: this form was sent before with something else in it."""
    data = form.data.copy()
    data["token"] = SendForm(accounts)["token"].value()
    fresh = SendForm(accounts, data)
    fresh.add_error(None, _("This form was already sent with another text. Press Send again to send this one too."))
    return fresh


def _told(request: HttpRequest, level: int, sentence: str, status: int = 200) -> HttpResponse:
    """Say what came of it: as a notice beside the page, or on the page that follows."""
    if not is_fragment(request):
        messages.add_message(request, level, sentence)
        return redirect(_back(request))
    tone = "ok" if level == messages.SUCCESS else "warn"
    response = render(request, "partials/notice.html", {"tone": tone, "text": sentence}, status=status)
    response["HX-Trigger"] = "queue-changed"
    return response


def _back(request: HttpRequest) -> str:
    query = request.GET.urlencode()
    return f"{reverse('onlyfans')}?{query}" if query else reverse("onlyfans")


def _tagged(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """A fragment with an ETag over what it shows; unchanged content answers 304 and the page stays as it is."""
    shown = repr([context, get_language(), request.META["QUERY_STRING"], sorted(_principal(request).capabilities)])
    etag = f'"{hashlib.sha256(shown.encode()).hexdigest()[:32]}"'
    if request.headers.get("If-None-Match") == etag:
        response = HttpResponse(status=304)
    else:
        response = render(request, template, context | {"etag": etag})
    response["ETag"] = etag
    patch_vary_headers(response, ["HX-Request", "HX-Request-Type"])
    return response


def _asked_account(request: HttpRequest) -> PlatformAccount:
    return account_of(_principal(request).creator_ids, Platform.ONLYFANS, request.GET.get("account"))


def _principal(request: HttpRequest) -> Principal:
    principal: Principal = request.principal  # type: ignore[attr-defined]
    return principal


def _actor(principal: Principal) -> Actor:
    return Actor.member(principal.user_pk, principal.member_pk, principal.key_pk)
