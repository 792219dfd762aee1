"""The staff's list of dead letters: by cause, retried or discarded one by one, as chosen, or all that a filter finds.

What is discarded, and what is done to all, is shown as a number first and asked a reason for. All of them is a run,
which a worker does and a page follows.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext

from accounts.models import PlatformAccount, Workspace
from accounts.selectors.desk import account_of_staff, workspace_of_staff
from huntaze.kernel import clock
from huntaze.kernel.actor import Actor
from huntaze.kernel.admin import ReadOnlyAdmin, guarded, may
from huntaze.kernel.errors import Conflict, Invalid
from huntaze.kernel.web import is_fragment
from messaging.models import DeadLetterRun, Delivery
from messaging.selectors import dead_list as letters
from messaging.services import dead_letter_runs as runs
from messaging.types import DeadFilter, DeadLetterDeed

#: What the services refuse with, for translation.
REFUSALS = (
    gettext_noop("Say in a few words why."),
    gettext_noop("There is nothing to do."),
    gettext_noop("This run is over"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """The filter as the address has it: `values` are its words, `unknown` is one that nothing answers to."""

    wanted: DeadFilter
    values: dict[str, str]
    workspace: Workspace | None = None
    account: PlatformAccount | None = None
    unknown: str = ""

    @property
    def query(self) -> str:
        return urlencode(self.values)


def asked_of(query: QueryDict) -> Asked:
    values = {
        name: query.get(name, "").replace("\0", "").strip()[:100]
        for name in ("cause", "workspace", "account")
    }
    values = {name: value for name, value in values.items() if value}
    workspace = workspace_of_staff(values["workspace"]) if "workspace" in values else None
    account = account_of_staff(values["account"]) if "account" in values else None
    missing = [
        name for name, row in (("workspace", workspace), ("account", account)) if name in values and not row
    ]
    wanted = DeadFilter(
        cause=values.get("cause", ""),
        workspace_pk=0 if "workspace" in missing else workspace and workspace.pk,
        account_pk=0 if "account" in missing else account and account.pk,
    )
    return Asked(wanted, values, workspace, account, values[missing[0]] if missing else "")


def listed(request: HttpRequest) -> HttpResponse:
    asked = asked_of(request.GET)
    if request.method == "POST":
        return _act(request, asked)
    page = letters.dead_page(asked.wanted, after=request.GET.get("after", ""))
    title = _("Dead letters")
    values = {"page": page, "asked": asked, "title": title, "may_act": may(request, "staff.retry")}
    return _page(request, "admin/messaging/dead_letters.html", values)


def _act(request: HttpRequest, asked: Asked) -> HttpResponse:
    """`do` is a deed and what it is for: one row's key, `chosen`, or `all`."""
    if not may(request, "staff.retry"):
        raise PermissionDenied
    word, _colon, scope = request.POST.get("do", "").partition(":")
    if word not in set(DeadLetterDeed) or not scope:
        raise BadRequest
    deed = DeadLetterDeed(word)
    keys = request.POST.getlist("chosen") if scope == "chosen" else [scope]
    chosen = [int(key) for key in keys[: letters.PAGE] if key.isdecimal() and len(key) < 19]
    is_all = scope == "all"
    if not is_all and not chosen:
        messages.warning(request, _("Choose messages first."))
        return redirect(back(asked))
    if is_all or deed is DeadLetterDeed.DISCARD:
        return _confirm(request, asked, deed, None if is_all else chosen)
    return _done(request, asked, deed, chosen, "")


def _confirm(
    request: HttpRequest, asked: Asked, deed: DeadLetterDeed, chosen: list[int] | None
) -> HttpResponse:
    """How many, by cause, and why; then the deed itself."""
    error = ""
    if "reason" in request.POST:
        try:
            reason = runs.checked_reason(request.POST["reason"])
            if chosen is not None:
                return _done(request, asked, deed, chosen, reason)
            user_pk = int(request.user.pk)
            run = runs.ask(wanted=asked.wanted, deed=deed, reason=reason, user_pk=user_pk, now=clock.now())
            return redirect("admin:messaging_deadletterrun_progress", run.pk)
        except Invalid as refusal:
            error = _(refusal.errors[0].message)
    values = {
        "asked": asked,
        "deed": deed,
        "chosen": chosen,
        "count": letters.count_of(asked.wanted) if chosen is None else len(chosen),
        "causes": letters.causes_of(asked.wanted) if chosen is None else [],
        "error": error,
        "title": _("Retry dead letters") if deed is DeadLetterDeed.RETRY else _("Discard dead letters"),
    }
    return _page(request, "admin/messaging/dead_confirm.html", values, status=422 if error else 200)


def _done(
    request: HttpRequest, asked: Asked, deed: DeadLetterDeed, chosen: list[int], reason: str
) -> HttpResponse:
    actor, now = Actor.staff(int(request.user.pk)), clock.now()
    rows = list(Delivery.objects.filter(pk__in=chosen).select_related("message", "account"))
    done = sum(runs.do(delivery=row, deed=deed, actor=actor, reason=reason, now=now) for row in rows)
    if deed is DeadLetterDeed.RETRY:
        text = ngettext("%(count)d message is queued again.", "%(count)d messages are queued again.", done)
    else:
        text = ngettext("%(count)d message is discarded.", "%(count)d messages are discarded.", done)
    messages.success(request, text % {"count": done})
    if refused := len(chosen) - done:
        text = ngettext(
            "%(count)d message stayed as it was: it is no dead letter any more, or there is no credit for it.",
            "%(count)d messages stayed as they were: they are no dead letters any more, or there is no credit.",
            refused,
        )
        messages.warning(request, text % {"count": refused})
    return redirect(back(asked))


def back(asked: Asked) -> str:
    """The list with the same filter, from its beginning."""
    address = reverse("admin:messaging_delivery_dead")
    return f"{address}?{asked.query}" if asked.query else address


def _page(request: HttpRequest, template: str, values: dict[str, Any], status: int = 200) -> HttpResponse:
    context = admin.site.each_context(request) | {"opts": Delivery._meta} | values
    return TemplateResponse(request, template, context, status=status)


def progress(request: HttpRequest, object_id: int) -> HttpResponse:
    """How far a run is; it goes on whether somebody looks or not."""
    run: DeadLetterRun = get_object_or_404(DeadLetterRun.objects.select_related("asked_by"), pk=object_id)
    if request.method == "POST":
        if not may(request, "staff.retry"):
            raise PermissionDenied
        try:
            runs.cancel(run=run, user_pk=int(request.user.pk), now=clock.now())
        except Conflict as refusal:
            messages.warning(request, _(refusal.message))
        return redirect("admin:messaging_deadletterrun_progress", run.pk)
    name = "_dead_run.html" if is_fragment(request) else "dead_run.html"
    values = {"run": run, "title": _("Run over dead letters"), "may_act": may(request, "staff.retry")}
    return _page(request, f"admin/messaging/{name}", values)


@admin.register(DeadLetterRun)
class DeadLetterRunAdmin(ReadOnlyAdmin):
    """What staff have asked to be done to many dead letters at once."""

    list_display = (
        "public_id", "deed", "cause", "state", "total_count", "done_count", "refused_count", "asked_by", "asked_at",
    )  # fmt: skip
    list_select_related = ("asked_by",)
    ordering = ("-id",)
    exclude = ("lease_token",)
    actions = ("cancel",)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(guarded("staff.view")(progress))
        name = "messaging_deadletterrun_progress"
        return [path("<int:object_id>/progress/", view, name=name), *super().get_urls()]

    @admin.action(permissions=["operate"], description=gettext_lazy("Cancel"))
    def cancel(self, request: HttpRequest, queryset: Any) -> None:
        for run in queryset:
            try:
                runs.cancel(run=run, user_pk=int(request.user.pk), now=clock.now())
            except Conflict as refusal:
                self.message_user(request, f"{run.public_id}: {_(refusal.message)}", messages.WARNING)
