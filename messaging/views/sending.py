"""The form that sends one message, and what it says before sending."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import PlatformAccount
from accounts.selectors import account_of
from accounts.types import Platform
from billing.errors import ReadOnlyAccess
from huntaze.kernel import clock
from huntaze.kernel.errors import Conflict, Invalid, UsageLimitExceeded
from huntaze.kernel.web import is_fragment, page, principal_of
from messaging import selectors
from messaging.errors import UnknownFan
from messaging.forms import SendForm
from messaging.selectors import recipients
from messaging.services import forecasts
from messaging.services import undo as undoing
from messaging.services.fans import handle_digest
from messaging.services.send_once import send_once
from messaging.views.common import (
    Place,
    asked_account,
    back,
    cost_of,
    form_of,
    full,
    no_credits,
    place_of,
    receipt_of,
    refilled,
    told,
    unpaid,
)


@page("messages.send")
@require_safe
def fans(request: HttpRequest) -> HttpResponse:
    """The fans last active on an account, as choices of the recipient's field."""
    account = asked_account(request)
    return render(request, "messaging/_fans.html", {"recent": recipients.recent(account)})


@page("messages.send")
@require_POST
def recipient(request: HttpRequest) -> HttpResponse:
    """Who is behind what was typed, said before anything is sent. A POST, so that no handle stands in an address."""
    term = request.POST.get("recipient", "").strip()
    context: dict[str, Any] = {"term": term, "found": None}
    if term:
        try:
            account = account_of(
                principal_of(request).creator_ids, Platform.ONLYFANS, request.POST.get("account")
            )
            fan = recipients.recipient(account, term, handle_digest(term))
            context["found"] = recipients.candidate(fan)
        except UnknownFan:
            pass
    return render(request, "messaging/_recipient.html", context)


@page("messages.send")
@require_safe
def forecast(request: HttpRequest) -> HttpResponse:
    """When the message in the form would go out."""
    account = asked_account(request)
    form = SendForm([account], request.GET)
    form.is_valid()
    data = form.cleaned_data
    found = forecasts.forecast(
        account=account,
        priority=data.get("priority") or form.fields["priority"].initial,
        scheduled_at=data.get("scheduled_at"),
        now=clock.now(),
    )
    context = {"forecast": found, "account": account, **cost_of(account)}
    return render(request, "messaging/_forecast.html", context)


@page("messages.send")
@require_POST
def send(request: HttpRequest) -> HttpResponse:
    """Queue the form's message. A refusal answers 422 or 409 with everything that was typed."""
    place = place_of(request)
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
        except UsageLimitExceeded as error:
            status = 429
            form.add_error(None, no_credits(error))
        except ReadOnlyAccess:
            status = 403
            form.add_error(None, unpaid())
        except Conflict:
            status, form = 409, _renewed(form, place.all)
        else:
            return _queued(request, place, message_id)
    context = form_of(request, place, form)
    if is_fragment(request):
        return render(request, "messaging/_send.html", context, status=status)
    return full(request, status=status, **context)


def _queue(request: HttpRequest, form: SendForm, accounts: list[PlatformAccount]) -> str:
    data = form.cleaned_data
    account = next(row for row in accounts if row.public_id == data["account"])
    fan = recipients.recipient(account, data["recipient"], handle_digest(data["recipient"]))
    command = form.command(fan.public_id)
    person: Any = request.user
    return send_once(
        principal=principal_of(request),
        command=command,
        token=data["token"],
        now=clock.now(),
        hold=timedelta(seconds=person.undo_seconds),
    )


def _queued(request: HttpRequest, place: Place, message_id: str) -> HttpResponse:
    if not is_fragment(request):
        messages.success(request, _("The message is queued."))
        return redirect(back(request))
    delivery = selectors.delivery_of(principal_of(request).creator_ids, message_id)
    account = request.POST.get("account", "")
    fresh = SendForm(place.all, initial={"account": account})
    context = form_of(request, place, fresh) | receipt_of(request, delivery)
    response = render(request, "messaging/_send.html", context)
    response["HX-Trigger"] = "queue-changed"
    return response


@page("messages.send")
@require_POST
def undo(request: HttpRequest, message_id: str) -> HttpResponse:
    """Take back what one has just sent; its text stands in the form again."""
    principal, place = principal_of(request), place_of(request)
    delivery = selectors.delivery_of(principal.creator_ids, message_id)
    try:
        undoing.undo(delivery=delivery, principal=principal, now=clock.now())
    except Conflict:
        sentence = _("It is too late to take this message back: it is on its way.")
        return told(request, messages.WARNING, sentence, status=409)
    if not is_fragment(request):
        messages.success(request, _("Taken back: nothing was sent."))
        return redirect(back(request, again=message_id))
    context = form_of(request, place, refilled(place.all, delivery)) | {"is_undone": True}
    response = render(request, "messaging/_send.html", context)
    response["HX-Trigger"] = "queue-changed"
    return response


def _renewed(form: SendForm, accounts: list[PlatformAccount]) -> SendForm:
    """The same input under a new token: this form was sent before with something else in it."""
    data = QueryDict(mutable=True)
    data.update(form.data)
    data["token"] = SendForm(accounts)["token"].value()
    fresh = SendForm(accounts, data)
    fresh.add_error(
        None, _("This form was already sent with another text. Press Send again to send this one too.")
    )
    return fresh
