"""Plans and their limits, and limits of one workspace: edited here, in force within two seconds."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.services.audit import Actor
from billing.admin.reasons import ReasonForm, reason_of
from billing.models import LimitOverride, Plan, PlanLimit, PlanLimitChange, PlanPrice
from billing.services import limits
from billing.types import Feature
from huntaze.kernel import clock
from huntaze.kernel.admin import ReadOnlyAdmin


class PlanAdmin(ReadOnlyAdmin):
    """What plans are called. Which there are is the code's and the processor's business."""

    list_display = ("key", "name_en", "name_fr", "rank", "is_public")
    ordering = ("rank",)


class PlanPriceAdmin(ReadOnlyAdmin):
    list_display = ("plan", "interval", "currency", "amount_minor", "stripe_lookup_key", "is_active")
    list_select_related = ("plan",)
    ordering = ("plan__rank", "interval")


class PlanLimitForm(forms.ModelForm):  # type: ignore[type-arg]
    reason = forms.CharField(label=_("Reason"), max_length=200)

    class Meta:
        model = PlanLimit
        fields = ("value",)
        help_texts = {"value": _("Empty is unlimited, a flag is 0 or 1.")}


class PlanLimitAdmin(ReadOnlyAdmin):
    """How much a plan allows, for everybody who has it. Each change is kept with its reason."""

    operated_with = "staff.billing"
    form = PlanLimitForm
    fields = ("plan", "feature", "period", "value", "reason")
    list_per_page = 100  # all of them on one page

    list_display = ("plan", "feature", "value", "period")
    list_select_related = ("plan",)
    list_filter = ("plan",)
    ordering = ("plan__rank", "feature")
    readonly_fields = ("plan", "feature", "period")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_operate_permission(request)

    def save_model(self, request: HttpRequest, obj: PlanLimit, form: Any, change: bool) -> None:
        limits.change_plan(
            row=obj,
            value=obj.value,
            reason=form.cleaned_data["reason"],
            actor=Actor.staff(int(request.user.pk or 0)),
            now=clock.now(),
        )


class PlanLimitChangeAdmin(ReadOnlyAdmin):
    list_display = ("at", "plan", "feature", "was", "value", "reason", "changed_by")
    list_select_related = ("plan", "changed_by")
    ordering = ("-id",)


class OverrideForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = LimitOverride
        fields = ("workspace", "feature", "value", "until", "reason")
        help_texts = {"value": _("Empty is unlimited, a flag is 0 or 1.")}


class LimitOverrideAdmin(ReadOnlyAdmin):
    """Another limit for one workspace, with its reason. Adding one for the same feature replaces it."""

    operated_with = "staff.billing"
    form = OverrideForm
    list_display = ("workspace", "feature", "value", "until", "reason")
    list_select_related = ("workspace",)
    search_fields = ("workspace__name",)
    autocomplete_fields = ("workspace",)
    ordering = ("-id",)
    actions = ("end",)
    action_form = ReasonForm

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_operate_permission(request)

    def save_model(self, request: HttpRequest, obj: LimitOverride, form: Any, change: bool) -> None:
        limits.override(
            workspace_id=obj.workspace_id,
            limits={Feature(obj.feature): obj.value},
            until=obj.until,
            reason=obj.reason,
            actor=Actor.staff(int(request.user.pk or 0)),
            now=clock.now(),
        )
        obj.pk = LimitOverride.objects.get(workspace_id=obj.workspace_id, feature=obj.feature).pk

    @admin.action(permissions=["operate"], description=_("Back to the plan's limit"))
    def end(self, request: HttpRequest, queryset: QuerySet[LimitOverride]) -> None:
        if not (reason := reason_of(self, request)):
            return
        actor, rows = Actor.staff(int(request.user.pk or 0)), list(queryset)
        for row in rows:
            limits.end_override(row=row, reason=reason, actor=actor, now=clock.now())
        text = ngettext(
            "%(count)d limit is the plan's again.", "%(count)d limits are the plan's again.", len(rows)
        )
        self.message_user(request, text % {"count": len(rows)}, messages.SUCCESS)


admin.site.register(Plan, PlanAdmin)
admin.site.register(PlanPrice, PlanPriceAdmin)
admin.site.register(PlanLimit, PlanLimitAdmin)
admin.site.register(PlanLimitChange, PlanLimitChangeAdmin)
admin.site.register(LimitOverride, LimitOverrideAdmin)
