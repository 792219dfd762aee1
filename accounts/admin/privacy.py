"""Staff pages over exports, erasures, legal holds, and what is forgotten when."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import LegalHold, PrivacyRequest, RetentionRun, Workspace
from accounts.services.privacy import holds
from accounts.services.retention import run as retention_runs
from huntaze.kernel import clock
from huntaze.kernel.admin import Attention, ReadOnlyAdmin, attention


@admin.register(PrivacyRequest)
class PrivacyRequestAdmin(ReadOnlyAdmin):
    """Exports and erasures, when they have to be answered, and whether a hold makes them wait."""

    list_display = ("public_id", "kind", "scope", "workspace", "state", "answer_by", "asked_at", "last_error")
    list_filter = ("kind", "scope", "state")
    list_select_related = ("workspace",)
    ordering = ("-id",)


class LegalHoldForm(forms.ModelForm):  # type: ignore[type-arg]
    """Checked here as the service checks it; the service writes."""

    class Meta:
        model = LegalHold
        fields = ("workspace", "reason", "ends_at")
        help_texts = {
            "reason": _("Which court or authority, and its reference. Owners do not see it."),
            "ends_at": _("When it is released by itself; empty: when a member of the staff releases it."),
        }

    def clean_reason(self) -> str:
        reason: str = self.cleaned_data["reason"].strip()
        if len(reason) < holds.LEAST_REASON:
            raise forms.ValidationError(_("Use 15 characters or more."))
        return reason

    def clean_workspace(self) -> Workspace:
        workspace: Workspace = self.cleaned_data["workspace"]
        if holds.is_held(workspace.pk):
            raise forms.ValidationError(_("A legal hold stands on this workspace already."))
        return workspace

    def clean_ends_at(self) -> Any:
        ends_at = self.cleaned_data["ends_at"]
        if ends_at is not None and ends_at <= clock.now():
            raise forms.ValidationError(_("Use a time to come."))
        return ends_at


@admin.register(LegalHold)
class LegalHoldAdmin(ReadOnlyAdmin):
    """While one stands, nothing of its workspace is erased or forgotten. Add one to hold, select and release it to end
    it."""

    operated_with = "staff.privacy"
    form = LegalHoldForm
    list_display = ("workspace", "reason", "placed_by", "placed_at", "ends_at", "released_at", "released_by")
    list_filter = (("released_at", admin.EmptyFieldListFilter),)
    list_select_related = ("workspace", "placed_by", "released_by")
    search_fields = ("workspace__name", "reason")
    autocomplete_fields = ("workspace",)
    ordering = ("-id",)
    actions = ("release",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("workspace", "reason", "ends_at") if obj is None else super().get_fields(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_operate_permission(request)

    def save_model(self, request: HttpRequest, obj: LegalHold, form: Any, change: bool) -> None:
        row = holds.place(
            workspace_pk=obj.workspace_id,
            reason=obj.reason,
            ends_at=obj.ends_at,
            user_pk=int(request.user.pk),
            now=clock.now(),
        )
        obj.pk = row.pk

    @admin.action(permissions=["operate"], description=_("Release"))
    def release(self, request: HttpRequest, queryset: QuerySet[LegalHold]) -> None:
        now, user_pk = clock.now(), int(request.user.pk)
        count = sum(holds.release(hold=row, user_pk=user_pk, now=now) for row in queryset)
        text = ngettext("%(count)d hold was released.", "%(count)d holds were released.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)


@admin.register(RetentionRun)
class RetentionRunAdmin(ReadOnlyAdmin):
    """What is forgotten, after how long, and when that was done last."""

    list_display = ("name", "kept", "ended_at", "count", "total", "is_over")
    ordering = ("name",)

    @admin.display(description=_("Kept, in days"))
    def kept(self, row: RetentionRun) -> str:
        days = settings.RETENTION.get(row.name)
        return f"{days.total_seconds() / 86_400:g}" if days else "–"


@attention
def holds_standing() -> Attention:
    url = reverse("admin:accounts_legalhold_changelist") + "?released_at__isempty=1"
    return Attention(_("Legal holds"), LegalHold.objects.filter(released_at=None), url)


@attention
def rules_late() -> Attention:
    url = reverse("admin:accounts_retentionrun_changelist")
    return Attention(
        _("Things that should be forgotten by now"), len(retention_runs.late(now=clock.now())), url
    )
