"""Pages of outgoing webhooks: endpoints, what they were told, and sending again. A secret is on the page that answers
its making, and nowhere else."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.errors import DemoStaysInside
from accounts.forms.webhooks import EndpointForm
from accounts.models import WebhookDelivery, WebhookSubscription
from accounts.rules import webhooks as rules
from accounts.selectors import webhooks as selectors
from accounts.services.webhooks import endpoints
from accounts.views.team import actor_of
from huntaze.kernel import clock
from huntaze.kernel.errors import Conflict, Invalid
from huntaze.kernel.web import page, principal_of

#: Events on one page of an endpoint's log.
MOST_SHOWN = 50


@page("webhooks.manage")
@require_http_methods(["GET", "HEAD"])
def overview(request: HttpRequest) -> HttpResponse:
    return _listed(request)


@page("webhooks.manage", step_up=True)
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    form = EndpointForm(request.POST)
    if not form.is_valid():
        return _listed(request, form=form, status=422)
    try:
        row, secret = endpoints.add(
            workspace_pk=principal_of(request).workspace_pk,
            actor=actor_of(request),
            now=clock.now(),
            **form.cleaned_data,
        )
    except Invalid as error:
        form.add_faults(error.errors)
        return _listed(request, form=form, status=422)
    except DemoStaysInside as error:
        form.add_error(None, _(error.message))
        return _listed(request, form=form, status=409)
    except Conflict:
        form.add_error(None, _("There are too many endpoints: remove one first."))
        return _listed(request, form=form, status=409)
    return _shown(request, row, secret=secret)


@page("webhooks.manage")
@require_http_methods(["GET", "HEAD"])
def endpoint(request: HttpRequest, endpoint_id: str) -> HttpResponse:
    return _shown(request, selectors.endpoint_of(endpoint_id))


@page("webhooks.manage", step_up=True)
@require_POST
def change(request: HttpRequest, endpoint_id: str) -> HttpResponse:
    row, form = selectors.endpoint_of(endpoint_id), EndpointForm(request.POST)
    if not form.is_valid():
        return _shown(request, row, form=form, status=422)
    try:
        endpoints.change(row=row, actor=actor_of(request), now=clock.now(), **form.cleaned_data)
    except Invalid as error:
        form.add_faults(error.errors)
        return _shown(request, row, form=form, status=422)
    messages.success(request, _("The endpoint was changed."))
    return redirect("webhook", row.public_id)


@page("webhooks.manage", step_up=True)
@require_POST
def enable(request: HttpRequest, endpoint_id: str) -> HttpResponse:
    row = selectors.endpoint_of(endpoint_id)
    endpoints.change(row=row, is_enabled=True, actor=actor_of(request), now=clock.now())
    messages.success(request, _("The endpoint is on. What it missed can be sent again below."))
    return redirect("webhook", row.public_id)


@page("webhooks.manage", step_up=True)
@require_POST
def rotate(request: HttpRequest, endpoint_id: str) -> HttpResponse:
    row, secret = endpoints.rotate(
        row=selectors.endpoint_of(endpoint_id),
        overlap=rules.OVERLAP,
        actor=actor_of(request),
        now=clock.now(),
    )
    return _shown(request, row, secret=secret)


@page("webhooks.manage")
@require_POST
def deed(request: HttpRequest, endpoint_id: str, deed: str) -> HttpResponse:
    """test, disable, remove, replay."""
    row, actor, now = selectors.endpoint_of(endpoint_id), actor_of(request), clock.now()
    try:
        if deed == "test":
            endpoints.ping(row=row, actor=actor, now=now)
            text = _("A test is on its way; what came of it stands below in a few seconds.")
        elif deed == "disable":
            endpoints.change(row=row, is_enabled=False, actor=actor, now=now)
            text = _(
                "The endpoint is off: nothing is sent to it, and what happens meanwhile is not kept for it."
            )
        elif deed == "remove":
            endpoints.remove(row=row, actor=actor, now=now)
            messages.success(request, _("The endpoint is removed. Nothing is sent to it any more."))
            return redirect("webhooks")
        elif deed == "replay":
            since = now - rules.REPLAY
            count = endpoints.send_failed_again(row=row, since=since, actor=actor, now=now)
            text = ngettext("%(count)d event is sent again.", "%(count)d events are sent again.", count)
            text %= {"count": count}
        else:
            raise Http404
    except Conflict:
        messages.warning(request, _("The endpoint is off: switch it on first."))
    else:
        messages.success(request, text)
    return redirect("webhook", row.public_id)


@page("webhooks.manage")
@require_POST
def replay(request: HttpRequest, endpoint_id: str, event_row_id: str) -> HttpResponse:
    row = selectors.endpoint_of(endpoint_id)
    event = selectors.delivery_of(row, event_row_id)
    try:
        done = endpoints.send_again(row=row, delivery_pk=event.pk, actor=actor_of(request), now=clock.now())
    except Conflict:
        messages.warning(request, _("The endpoint is off: switch it on first."))
    else:
        if done:
            messages.success(request, _("The event is on its way again."))
        else:
            messages.warning(request, _("This event is still waiting or under way."))
    return redirect("webhook", row.public_id)


def _listed(request: HttpRequest, *, form: EndpointForm | None = None, status: int = 200) -> HttpResponse:
    rows = [_row(row) for row in selectors.endpoints()[: rules.MOST_ENDPOINTS]]
    context = {"rows": rows, "form": form or EndpointForm(), "most": rules.MOST_ENDPOINTS}
    return render(request, "accounts/webhooks.html", context, status=status)


def _shown(
    request: HttpRequest,
    row: WebhookSubscription,
    *,
    form: EndpointForm | None = None,
    secret: str = "",
    status: int = 200,
) -> HttpResponse:
    values = {"url": row.url.reveal(), "events": row.events, "description": row.description}
    after = request.GET.get("after", "")
    events = selectors.deliveries_page(row, after=after, limit=MOST_SHOWN + 1)
    shown, until = _row(row), row.old_secret_until
    context = shown | {
        "endpoint": shown,
        "form": form or EndpointForm(initial=values),
        "secret": secret,
        "old_until": until if until is not None and until > clock.now() else None,
        "events": [_event(event) for event in events[:MOST_SHOWN]],
        "after": events[MOST_SHOWN - 1].public_id if len(events) > MOST_SHOWN else "",
        "is_cut": bool(after),
    }
    return render(request, "accounts/webhook.html", context, status=status)


def _row(row: WebhookSubscription) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "url": row.url.reveal(),
        "name": row.description or row.url.reveal(),
        "kinds": row.events,
        "is_on": row.disabled_at is None,
        "reason": row.disabled_reason,
        "failing_since": row.failing_since if row.disabled_at is None else None,
    }


def _event(event: WebhookDelivery) -> dict[str, Any]:
    return {
        "id": event.public_id,
        "kind": event.kind,
        "state": event.state,
        "at": event.queued_at,
        "next_at": event.available_at if event.state == "queued" and event.tries else None,
        "tries": event.tries,
        "last": event.tries[-1] if event.tries else None,
        "error": event.last_error,
        "body": event.body,
        "is_over": event.state in {"done", "failed"},
    }
