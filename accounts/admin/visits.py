"""Visits in the staff's pages: begun on a member's page, agreed to by a second person, ended by whoever may visit."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext

from accounts.forms.impersonation import VisitForm
from accounts.models import ImpersonationGrant, Membership, User
from accounts.services import impersonation as visits
from accounts.services.factors import methods_of
from accounts.sessions import factor_at, proved_at, row_key
from huntaze.kernel import clock
from huntaze.kernel.admin import Attention, ReadOnlyAdmin, attention, may
from huntaze.kernel.errors import Conflict, Invalid, NotAllowed, StepUpRequired

#: What the service refuses with, for translation.
REFUSALS = (
    gettext_noop("Nobody can look through this member's eyes"),
    gettext_noop("This visit is over, or somebody was faster"),
    gettext_noop("Somebody else has to agree to this"),
    gettext_noop("Say in 15 to 200 characters why."),
    gettext_noop("A visit lasts 1 to 60 minutes."),
)


def begin(request: HttpRequest, object_id: int) -> HttpResponse:
    """Asks for the reason, and begins."""
    if not may(request, "staff.impersonate"):
        raise PermissionDenied
    rows = Membership.objects.select_related("user", "workspace")
    member: Membership = get_object_or_404(rows, pk=object_id)
    form, status = VisitForm(request.POST or None), 200
    try:
        visits.check_factor(staff=_staff(request), factor_at=_factor_at(request), now=clock.now())
        if request.method == "POST":
            status = 422
            if form.is_valid() and _began(request, member, form):
                rotate_token(request)  # what was open until now belongs to the staff member, and to no visit
                return redirect("home")
    except StepUpRequired:
        return _ask_for_factor(request)
    except NotAllowed as error:
        raise PermissionDenied from error
    context = admin.site.each_context(request) | {
        "title": _("Look through a member's eyes"),
        "member": member,
        "form": form,
        "opts": Membership._meta,
    }
    return TemplateResponse(request, "admin/accounts/visit.html", context, status=status)


def _began(request: HttpRequest, member: Membership, form: VisitForm) -> bool:
    try:
        visits.begin(
            staff=_staff(request),
            membership=member,
            session_digest=row_key(request.session.session_key or ""),
            factor_at=_factor_at(request),
            now=clock.now(),
            **form.cleaned_data,
        )
    except Invalid as error:
        form.add_error(error.errors[0].field, _(error.errors[0].message))
    except Conflict as error:
        form.add_error(None, _(error.message))
    return form.is_valid()


def _staff(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _factor_at(request: HttpRequest) -> datetime | None:
    """When this session gave a second factor; for somebody who has none, the password."""
    return factor_at(request.session) if methods_of(_staff(request)) else proved_at(request.session)


def _ask_for_factor(request: HttpRequest) -> HttpResponse:
    return redirect_to_login(request.get_full_path(), f"{settings.STEP_UP_URL}?factor=1")


@admin.register(ImpersonationGrant)
class ImpersonationGrantAdmin(ReadOnlyAdmin):
    """Who visits whom, why, and until when."""

    operated_with = "staff.impersonate"
    list_display = (
        "public_id",
        "staff",
        "workspace",
        "membership",
        "reason",
        "started_at",
        "expires_at",
        "writing",
        "ended_at",
        "end_reason",
    )
    list_filter = (("ended_at", admin.EmptyFieldListFilter),)
    list_select_related = ("staff", "workspace", "membership__user", "confirmed_by")
    search_fields = ("staff__email__exact", "workspace__name")
    ordering = ("-id",)
    exclude = ("session_digest",)
    actions = ("agree_to_writing", "end_now")

    @admin.display(description=gettext_lazy("Changes"))
    def writing(self, row: ImpersonationGrant) -> str:
        if row.confirmed_by is not None:
            return _("agreed by %(who)s") % {"who": row.confirmed_by}
        return _("asked for") if row.asks_to_write else _("none")

    @admin.action(
        permissions=["operate"], description=gettext_lazy("Agree that the visitor may change something")
    )
    def agree_to_writing(
        self, request: HttpRequest, queryset: QuerySet[ImpersonationGrant]
    ) -> HttpResponse | None:
        agreed = 0
        for grant in queryset:
            try:
                visits.confirm_writing(
                    grant=grant, staff=_staff(request), factor_at=_factor_at(request), now=clock.now()
                )
                agreed += 1
            except StepUpRequired:
                return _ask_for_factor(request)
            except (Conflict, NotAllowed) as error:
                self.message_user(request, _(error.message), messages.WARNING)
        self._tell(request, ngettext("%(count)d visit changed.", "%(count)d visits changed.", agreed), agreed)
        return None

    @admin.action(permissions=["operate"], description=gettext_lazy("End now"))
    def end_now(self, request: HttpRequest, queryset: QuerySet[ImpersonationGrant]) -> None:
        now, pk = clock.now(), int(_staff(request).pk)
        ended = sum(visits.end(grant=grant, by_pk=pk, reason="ended", now=now) for grant in queryset)
        self._tell(request, ngettext("%(count)d visit ended.", "%(count)d visits ended.", ended), ended)

    def _tell(self, request: HttpRequest, text: str, count: int) -> None:
        self.message_user(request, text % {"count": count}, messages.SUCCESS if count else messages.INFO)


def _list(query: str) -> str:
    return f"{reverse('admin:accounts_impersonationgrant_changelist')}?{query}"


@attention
def visits_under_way() -> Attention:
    rows: Any = ImpersonationGrant.objects.filter(ended_at=None, expires_at__gt=clock.now())
    return Attention(gettext_lazy("Visits under way"), rows, _list("ended_at__isempty=1"))


@attention
def visits_that_wait() -> Attention:
    rows: Any = ImpersonationGrant.objects.filter(
        ended_at=None, expires_at__gt=clock.now(), asks_to_write=True, confirmed_by=None
    )
    text = gettext_lazy("Visits that wait for a second person")
    return Attention(text, rows, _list("ended_at__isempty=1"))
