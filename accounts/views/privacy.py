"""Pages of exports and of everything that was asked for: how far it is, its files, its receipt, and taking it back."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.errors import ExportGone
from accounts.models import Creator, PrivacyRequest
from accounts.rules import retention as rules
from accounts.selectors.privacy import request_of, requests_of
from accounts.services import audit
from accounts.services.privacy import downloads, holds, requests
from accounts.services.privacy.registry import Known, Subject
from accounts.services.retention import choices
from accounts.services.retention.registry import period
from accounts.types import PrivacyScope
from accounts.views.common import person
from huntaze.kernel import clock
from huntaze.kernel.api.principal import Principal
from huntaze.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from huntaze.kernel.tenancy import workspace_scope
from huntaze.kernel.web import is_fragment, principal_of

MOST_SHOWN = 50
TEXTS = "message_texts"


@require_safe
@person()
def overview(request: HttpRequest) -> HttpResponse:
    who, now = principal_of(request), clock.now()
    with workspace_scope(who.workspace_pk):
        rows = list(requests_of(who)[:MOST_SHOWN])
        creators = list(Creator.objects.exclude(stage_name="erased").order_by("pk")[:200])
    is_held = holds.is_held(who.workspace_pk)
    shown = [_shown(row, now, is_held) for row in rows]
    context: dict[str, Any] = {
        "rows": shown,
        "is_moving": any(item["is_open"] for item in shown),
    }
    if is_fragment(request):
        return render(request, "accounts/_privacy_requests.html", context)
    if who.can("privacy.manage"):
        chosen = choices.chosen(workspace_pk=who.workspace_pk, name=TEXTS).days
        context |= {
            "creators": creators,
            "chosen": chosen,
            "offered": rules.offered(TEXTS, period(TEXTS).days),
        }
    if who.can("fans.export") or who.can("fans.erase"):
        text = request.GET.get("fan", "")
        context |= {"asked": text, "fans": _fans(who, text) if text.strip() else None}
    context["export_hours"] = round(settings.RETENTION["exports"].total_seconds() / 3600)
    return render(request, "accounts/privacy.html", context)


@require_safe
@person()
def one(request: HttpRequest, request_id: str) -> HttpResponse:
    """One request: who asked when, how far it is, and the receipt."""
    return _page(request, _row(request, request_id))


@require_POST
@person(step_up=True)
def export(request: HttpRequest) -> HttpResponse:
    who, subject = principal_of(request), subject_of(request, "export", request.POST)
    try:
        requests.ask_export(subject=subject, principal=who, now=clock.now())
    except Conflict:
        messages.warning(request, _("The same export is under way already."))
    else:
        messages.success(request, _("The export is being made. You get a mail when it is ready."))
    return redirect("privacy")


@require_POST
@person()
def undo(request: HttpRequest, request_id: str) -> HttpResponse:
    who, row = principal_of(request), _row(request, request_id)
    try:
        with workspace_scope(who.workspace_pk):
            requests.undo(request=row, principal=who, now=clock.now())
    except Conflict:
        messages.warning(request, _("This has begun or ended and can't be taken back."))
    else:
        messages.success(request, _("It was taken back."))
    return redirect("privacy")


@require_POST
@person(step_up=True)
def link(request: HttpRequest, request_id: str) -> HttpResponse:
    """An address for another program or device, shown on this answer only; it ends after 15 minutes."""
    who, row, now = principal_of(request), _row(request, request_id), clock.now()
    try:
        token = downloads.token_for(request=row, member_pk=who.member_pk, now=now)
    except ExportGone as error:
        raise Http404 from error
    _note(who, row, "export.link_made", now)
    return _page(request, row, link=request.build_absolute_uri(f"/api/privacy/files/{token}"))


@require_safe
@person(step_up=True)
def files(request: HttpRequest, request_id: str) -> Any:
    who, row, now = principal_of(request), _row(request, request_id), clock.now()
    try:
        downloads.open_request(request=row, now=now)
    except ExportGone as error:
        raise Http404 from error
    _note(who, row, "export.downloaded", now)
    response = StreamingHttpResponse(downloads.zipped(row), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{row.public_id}.zip"'
    return response


@require_POST
@person(step_up=True)
def keep(request: HttpRequest) -> HttpResponse:
    """How long the workspace keeps texts of messages."""
    who, days = principal_of(request), request.POST.get("days", "")
    if not who.can("privacy.manage"):
        raise PermissionDenied
    try:
        with workspace_scope(who.workspace_pk):
            choices.choose(
                workspace_pk=who.workspace_pk,
                name=TEXTS,
                days=int(days) if days.isdecimal() and len(days) < 6 else 0,
                actor=audit.Actor.of(who),
                now=clock.now(),
            )
    except Invalid:
        messages.warning(request, _("Choose one of the periods."))
    else:
        messages.success(request, _("Saved. What is older is emptied within a day."))
    return redirect("privacy")


def subject_of(request: HttpRequest, kind: str, asked: Any) -> Subject:
    """Whom a form is about; Http404 for nobody of the caller's, PermissionDenied without the right."""
    try:
        return requests.subject_of(
            principal=principal_of(request),
            kind=kind,
            scope=PrivacyScope(asked.get("scope", "")),
            target_id=asked.get("id"),
        )
    except (ValueError, NotFound, Invalid) as error:
        raise Http404 from error
    except NotAllowed as error:
        raise PermissionDenied from error


def _row(request: HttpRequest, request_id: str) -> PrivacyRequest:
    who = principal_of(request)
    with workspace_scope(who.workspace_pk):
        for kind in ("export", "erase"):
            try:
                return request_of(who, kind, request_id)
            except NotFound:
                continue
    raise Http404


def _page(request: HttpRequest, row: PrivacyRequest, *, link: str = "") -> HttpResponse:
    item = _shown(row, clock.now(), holds.is_held(row.workspace_id))
    context = item | {"item": item, "link": link}
    return render(request, "accounts/privacy_request.html", context)


def _shown(row: PrivacyRequest, now: datetime, is_held: bool) -> dict[str, Any]:
    is_open = row.state in requests.OPEN
    return {
        "row": row,
        "is_open": is_open,
        "is_held": is_held and is_open and row.kind == "erase",
        "can_undo": is_open and (row.kind == "export" or (row.state == "queued" and row.available_at > now)),
        "has_files": row.kind == "export" and row.state == "done" and now < downloads.files_until(row),
        "percent": min(100, 100 * row.done_count // row.total_count) if row.total_count else None,
        "days_left": _days_left(row.answer_by - now) if is_open else None,
    }


def _days_left(left: timedelta) -> int:
    """Whole days, the one that has begun counted; -1 when the time is over."""
    return -(-left // timedelta(days=1)) if left >= timedelta(0) else -1


def _fans(who: Principal, text: str) -> list[Known]:
    return requests.look_up(principal=who, scope=PrivacyScope.FAN, text=text)


def _note(who: Principal, row: PrivacyRequest, action: str, now: datetime) -> None:
    with workspace_scope(who.workspace_pk):
        audit.record_of(row, audit.Actor.of(who), action, now)
