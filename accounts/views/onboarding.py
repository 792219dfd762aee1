"""The way from sign-up to the first message: a list that shows what is done and leads to what comes next."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.forms.onboarding import FirstCreatorForm
from accounts.selectors import reachable_accounts
from accounts.selectors.connections import open_connections
from accounts.services import onboarding as services
from accounts.services.audit import Actor
from accounts.services.connections import vendor
from accounts.types import Platform
from huntaze.kernel import clock
from huntaze.kernel.web import page, principal_of


@page("profile.manage")
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    return _shown(request)


@page("creators.add")
@require_POST
def creator(request: HttpRequest) -> HttpResponse:
    form = FirstCreatorForm(request.POST, zone=request.workspace.timezone)  # type: ignore[attr-defined]
    if not form.is_valid():
        return _shown(request, status=422, form=form)
    who = principal_of(request)
    if services.add_first_creator(principal=who, actor=Actor.of(who), now=clock.now(), **form.cleaned_data):
        messages.success(request, _("The creator is added."))
    return redirect("onboarding")


@page("profile.manage")
@require_POST
def skip(request: HttpRequest, step: str) -> HttpResponse:
    """Not now; `again` takes it back."""
    is_skipped = "again" not in request.POST
    services.skip(principal=principal_of(request), step=step, is_skipped=is_skipped, now=clock.now())
    return redirect("onboarding")


def _shown(request: HttpRequest, *, status: int = 200, form: FirstCreatorForm | None = None) -> HttpResponse:
    who, now = principal_of(request), clock.now()
    found = services.status_of(who, now)
    states = {step.id: step.status.value for step in found.steps}
    accounts = reachable_accounts(who.creator_ids, Platform.ONLYFANS) if "first_platform" in states else []
    context: dict[str, Any] = {
        "onboarding": found,
        "hindrances": services.hindrances(who, found, now),
        "billing_url": settings.BILLING_URL,
        "states": states,
        "form": form or FirstCreatorForm(zone=request.workspace.timezone),  # type: ignore[attr-defined]
        "attempts": open_connections(who.creator_ids)[:3]
        if states.get("first_platform") == "pending"
        else [],
        "is_configured": vendor.is_configured(Platform.ONLYFANS),
        "is_reading": any(account.last_synced_at is None for account in accounts),
        "has_account": bool(accounts),
        "minutes": sum(step.minutes for step in found.steps if step.status == "pending"),
    }
    return render(request, "accounts/onboarding.html", context, status=status)
