"""The page of API keys. A new key's secret is on the page that answers, and nowhere else."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.forms.keys import KeyForm
from accounts.models import ApiKey, Membership
from accounts.rules import api_keys as rules
from accounts.selectors.api_keys import api_key_of, api_keys_of
from accounts.services import api_keys
from accounts.services.audit import Actor
from huntaze.kernel import clock
from huntaze.kernel.errors import Conflict, Invalid
from huntaze.kernel.web import page, principal_of

MOST_SHOWN = 100


@page("keys.manage")
@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    return _shown(request)


@page("keys.manage", step_up=True)
@require_POST
def create(request: HttpRequest) -> HttpResponse:
    form, now = KeyForm(request.POST), clock.now()
    if not form.is_valid():
        return _shown(request, form=form, status=422)
    lasts = form.lasts()
    try:
        key, secret = api_keys.issue_api_key(
            member=Membership.objects.get(pk=principal_of(request).member_pk),
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            expires_at=now + lasts if lasts else None,
            allowed_ips=form.addresses(),
            actor=_actor(request),
            now=now,
        )
    except Invalid as error:
        form.add_faults(error.errors)
        return _shown(request, form=form, status=422)
    except Conflict:
        form.add_error(None, _("There are too many keys: revoke one first."))
        return _shown(request, form=form, status=409)
    return _shown(request, made=key, secret=secret)


@page("keys.manage", step_up=True)
@require_POST
def rotate(request: HttpRequest, key_id: str) -> HttpResponse:
    try:
        key, secret = api_keys.rotate_api_key(
            key=api_key_of(key_id), overlap=rules.OVERLAP, actor=_actor(request), now=clock.now()
        )
    except Conflict:
        messages.warning(request, _("This key has ended or is replaced already."))
        return redirect("keys")
    return _shown(request, made=key, secret=secret)


@page("keys.manage")
@require_POST
def revoke(request: HttpRequest, key_id: str) -> HttpResponse:
    api_keys.revoke_api_key(key=api_key_of(key_id), actor=_actor(request), now=clock.now())
    messages.success(request, _("The key is revoked: nothing is answered to it any more."))
    return redirect("keys")


def _shown(
    request: HttpRequest,
    *,
    form: KeyForm | None = None,
    made: ApiKey | None = None,
    secret: str = "",
    status: int = 200,
) -> HttpResponse:
    now = clock.now()
    rows = [{"key": key, "state": _state(key, now)} for key in api_keys_of()[:MOST_SHOWN]]
    context = {"rows": rows, "form": form or KeyForm(), "made": made, "secret": secret}
    context["overlap_hours"] = rules.OVERLAP // timedelta(hours=1)
    return render(request, "accounts/keys.html", context, status=status)


def _state(key: ApiKey, now: Any) -> str:
    return rules.state_of(
        revoked_at=key.revoked_at,
        expires_at=key.expires_at,
        is_replaced=key.replaced_by_id is not None,
        now=now,
    )


def _actor(request: HttpRequest) -> Actor:
    who = principal_of(request)
    return Actor.of(who)
