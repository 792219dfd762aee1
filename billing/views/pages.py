"""The billing page and its deeds. Nothing here depends on Stripe but buying and changing."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Workspace
from accounts.services.audit import Actor
from billing.errors import AlreadySubscribed, NoChange, NoSubscription, PaymentRefused
from billing.forms import ChangeForm, PackForm, PlanForm
from billing.selectors import billing_page as selectors
from billing.selectors.intents import intent_of
from billing.selectors.ledger import history as history_of
from billing.selectors.subscriptions import record_of
from billing.selectors.usage import usage
from billing.services.stripe import changes, checkout
from billing.services.stripe.customers import is_sold_to
from billing.services.stripe.pages import hosts
from billing.types import Unit
from huntaze.kernel import clock
from huntaze.kernel.errors import Unavailable
from huntaze.kernel.web import page, principal_of

MOST_INVOICES, MOST_DEEDS, DEEDS_A_PAGE = 12, 10, 50
#: The page after paying asks again every two seconds, for a minute.
AGAIN_SECONDS, MOST_LOOKS = 2, 30


@page("billing.view")
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    pk, now = principal_of(request).workspace_pk, clock.now()
    record, found = record_of(pk), usage(pk, now)
    is_sold = is_sold_to(_workspace(request))
    context = {
        "record": record,
        "at": found.standing,
        "usage": found,
        "lines": selectors.lines_of(found),
        "grace_ends_at": selectors.grace_of(record),
        "offers": selectors.offers(record),
        "packs": selectors.packs(),
        "history": history_of(pk, Unit.MESSAGE, limit=MOST_DEEDS),
        "invoices": _invoices(request),
        "may_manage": principal_of(request).can("billing.manage") and is_sold,
        "is_sold": is_sold,
        "plan": selectors.plan_named(found.standing.plan),
    }
    response = render(request, "billing/overview.html", context)
    # Forms of this page end at Stripe's, and browsers check the whole way; django-csp reads this of a response.
    response._csp_update = {"form-action": hosts()}  # type: ignore[attr-defined]
    return response


@page("billing.view")
@require_safe
def history(request: HttpRequest) -> HttpResponse:
    """Everything that moved the messages' credits, page by page."""
    cursor = request.GET.get("before", "")[:60]
    found = history_of(principal_of(request).workspace_pk, Unit.MESSAGE, limit=DEEDS_A_PAGE, cursor=cursor)
    return render(request, "billing/history.html", {"history": found, "is_first": not cursor})


def _invoices(request: HttpRequest) -> list[Any] | None:
    """None while Stripe is away: the rest of the page does not need it."""
    try:
        return list(changes.invoices(workspace=_workspace(request), most=MOST_INVOICES))
    except Unavailable:
        return None


@page("billing.manage")
@require_POST
def buy_plan(request: HttpRequest) -> HttpResponse:
    form = PlanForm(request.POST)
    if not form.is_valid():
        return _back(request, _("This plan is not sold that way."))
    try:
        intent = checkout.start_plan(
            workspace=_workspace(request),
            currency="USD",
            actor=_actor(request),
            now=clock.now(),
            **form.cleaned_data,
        )
    except AlreadySubscribed:
        return _back(request, _("There is a subscription already: change it instead."))
    except Unavailable:
        return _back(request, _away())
    return _leave(intent.url)


@page("billing.manage")
@require_POST
def buy_pack(request: HttpRequest) -> HttpResponse:
    form = PackForm(request.POST)
    if not form.is_valid():
        return _back(request, _("There is no such pack."))
    try:
        intent = checkout.start_pack(
            workspace=_workspace(request), actor=_actor(request), now=clock.now(), **form.cleaned_data
        )
    except Unavailable:
        return _back(request, _away())
    return _leave(intent.url)


@page("billing.manage")
@require_POST
def portal(request: HttpRequest) -> HttpResponse:
    try:
        url = changes.portal(workspace=_workspace(request), return_path="/billing", now=clock.now())
    except Unavailable:
        return _back(request, _away())
    return _leave(url)


@page("billing.manage")
@require_safe
def preview(request: HttpRequest) -> HttpResponse:
    """What a change costs, before it is made."""
    form = PlanForm(request.GET)
    if not form.is_valid():
        return _back(request, _("This plan is not sold that way."))
    try:
        found = changes.preview(workspace=_workspace(request), now=clock.now(), **form.cleaned_data)
    except (NoSubscription, NoChange):
        return _back(request, _("There is nothing to change."))
    except Unavailable:
        return _back(request, _away())
    plan = selectors.plan_named(form.cleaned_data["plan"])
    context = {"preview": found, "plan": plan, **form.cleaned_data}
    return render(
        request, "billing/change.html", context | {"plan_key": form.cleaned_data["plan"], "plan": plan}
    )


@page("billing.manage")
@require_POST
def change(request: HttpRequest) -> HttpResponse:
    form = ChangeForm(request.POST)
    if not form.is_valid():
        return _back(request, _("This plan is not sold that way."))
    try:
        effective = changes.change(
            workspace=_workspace(request), actor=_actor(request), now=clock.now(), **form.cleaned_data
        )
    except PaymentRefused:
        return _back(request, _("The payment was declined. Nothing has changed."))
    except (NoSubscription, NoChange):
        return _back(request, _("There is nothing to change."))
    except Unavailable:
        return _back(request, _away())
    if effective == "now":
        messages.success(request, _("Paid. The new plan is in force in a moment."))
    else:
        messages.success(request, _("The plan changes at the end of the period."))
    return redirect("billing")


@page("billing.manage")
@require_POST
def cancel(request: HttpRequest) -> HttpResponse:
    return _set_ending(
        request, changes.cancel, _("The subscription ends with the period. Until then nothing changes.")
    )


@page("billing.manage")
@require_POST
def resume(request: HttpRequest) -> HttpResponse:
    return _set_ending(request, changes.resume, _("The subscription goes on."))


def _set_ending(request: HttpRequest, deed: Any, said: str) -> HttpResponse:
    try:
        deed(workspace=_workspace(request), actor=_actor(request), now=clock.now())
    except NoSubscription:
        return _back(request, _("There is no subscription."))
    except Unavailable:
        return _back(request, _away())
    messages.success(request, said)
    return redirect("billing")


@page("billing.view")
@require_safe
def came_back(request: HttpRequest) -> HttpResponse:
    """Back from paying. This page grants nothing: it looks whether Stripe has told us, and asks to look."""
    intent = intent_of(request.GET.get("checkout", ""))
    if intent.state == "open":
        checkout.came_back(intent=intent, now=clock.now())
    text = request.GET.get("look", "0")
    looks = int(text) if text.isdigit() and len(text) < 4 else 0
    is_waiting = intent.state == "open" and looks < MOST_LOOKS
    response = render(request, "billing/return.html", {"intent": intent, "is_waiting": is_waiting})
    if is_waiting:
        again = f"/billing/return?checkout={intent.public_id}&look={looks + 1}"
        response["Refresh"] = f"{AGAIN_SECONDS}; url={again}"
    return response


# what they share ---------------------------------------------------------------------------------


def _leave(url: str) -> HttpResponse:
    """To Stripe's page: its address comes from Stripe's own answer, and is checked all the same."""
    if not url.startswith(tuple(f"{host}/" for host in hosts())):
        raise ValueError("not an address of Stripe's")
    response = HttpResponse(status=303)
    response["Location"] = url
    return response


def _back(request: HttpRequest, text: str) -> HttpResponse:
    messages.warning(request, text)
    return redirect("billing")


def _away() -> str:
    return _("Payments can't be reached right now. Nothing was charged; please try again in some minutes.")


def _workspace(request: HttpRequest) -> Workspace:
    return Workspace.objects.get(pk=principal_of(request).workspace_pk)


def _actor(request: HttpRequest) -> Actor:
    who = principal_of(request)
    return Actor.of(who)
