"""Pages of exports and erasures: what was asked for, what an erasure would do, and taking it back."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.errors import LastOwner
from accounts.models import Creator
from accounts.selectors.privacy import request_of, requests_of
from accounts.services import audit
from accounts.services.privacy import downloads, holds, requests
from accounts.services.privacy.registry import Subject
from accounts.types import PrivacyScope
from accounts.views.common import person
from huntaze.kernel import clock
from huntaze.kernel.api.principal import Principal
from huntaze.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from huntaze.kernel.tenancy import workspace_scope

MOST_SHOWN = 50


@require_safe
@person()
def overview(request: HttpRequest) -> HttpResponse:
    who = _principal(request)
    with workspace_scope(who.workspace_pk):
        rows = list(requests_of(who)[:MOST_SHOWN])
        creators = list(Creator.objects.exclude(stage_name="erased").order_by("pk")[:200])
    now = clock.now()
    shown = [
        {
            "row": row,
            "can_undo": row.state == "queued" and (row.kind == "export" or row.available_at > now),
            "has_files": row.kind == "export" and row.state == "done" and now < downloads.files_until(row),
        }
        for row in rows
    ]
    context = {"rows": shown, "creators": creators if who.can("privacy.manage") else []}
    return render(request, "accounts/privacy.html", context)


@require_POST
@person(step_up=True)
def export(request: HttpRequest) -> HttpResponse:
    who, subject = _principal(request), _subject(request, "export", request.POST)
    try:
        requests.ask_export(subject=subject, principal=who, now=clock.now())
    except Conflict:
        messages.warning(request, _("The same export is under way already."))
    else:
        messages.success(request, _("The export is being made. You get a mail when it is ready."))
    return redirect("privacy")


@require_http_methods(["GET", "HEAD", "POST"])
@person(step_up=True)
def erase(request: HttpRequest) -> HttpResponse:
    """What would go and what would stay; then, by a second step, the deed."""
    who = _principal(request)
    asked = request.POST if request.method == "POST" else request.GET
    subject = _subject(request, "erase", asked)
    if request.method == "POST":
        try:
            requests.ask_erasure(subject=subject, principal=who, now=clock.now())
        except LastOwner:
            messages.warning(
                request, _("You are the only owner of a workspace: close it or hand it over first.")
            )
        except Conflict:
            messages.warning(request, _("The same erasure is planned already."))
        else:
            messages.success(request, _("The erasure is planned. It can be taken back until it begins."))
        return redirect("privacy")
    context = {
        "lines": requests.plan_of(subject),
        "subject": subject,
        "runs_at": requests.due_at(subject.scope, at_once=False, now=clock.now()),
        "is_held": holds.stops(subject),
        "is_at_once": subject.scope in {PrivacyScope.FAN, PrivacyScope.ME},
    }
    return render(request, "accounts/erase.html", context)


@require_POST
@person()
def undo(request: HttpRequest, kind: str, request_id: str) -> HttpResponse:
    who = _principal(request)
    try:
        with workspace_scope(who.workspace_pk):
            row = request_of(who, kind, request_id)
            requests.undo(request=row, principal=who, now=clock.now())
    except NotFound as error:
        raise Http404 from error
    except Conflict:
        messages.warning(request, _("This has begun or ended and can't be taken back."))
    else:
        messages.success(request, _("It was taken back."))
    return redirect("privacy")


@require_safe
@person(step_up=True)
def files(request: HttpRequest, request_id: str) -> Any:
    who, now = _principal(request), clock.now()
    try:
        with workspace_scope(who.workspace_pk):
            row = downloads.open_request(request=request_of(who, "export", request_id), now=now)
            audit.record(
                workspace_id=row.workspace_id,
                actor=audit.Actor.member(who.user_pk, who.member_pk),
                action="export.downloaded",
                now=now,
                target=row.public_id,
            )
    except NotFound as error:
        raise Http404 from error
    response = StreamingHttpResponse(downloads.zipped(row), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{row.public_id}.zip"'
    return response


def _subject(request: HttpRequest, kind: str, asked: Any) -> Subject:
    try:
        return requests.subject_of(
            principal=_principal(request),
            kind=kind,
            scope=PrivacyScope(asked.get("scope", "")),
            target_id=asked.get("id"),
        )
    except (ValueError, NotFound, Invalid) as error:
        raise Http404 from error
    except NotAllowed as error:
        raise PermissionDenied from error


def _principal(request: HttpRequest) -> Principal:
    who: Principal | None = getattr(request, "principal", None)
    if who is None:
        raise PermissionDenied
    return who
