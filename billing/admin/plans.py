"""Plans and their limits, and limits of one workspace: edited here, in force within two seconds."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.services.audit import Actor
from billing.models import LimitOverride, Plan, PlanLimit, PlanPrice
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


class PlanLimitAdmin(ReadOnlyAdmin):
    """How much a plan allows. Empty is unlimited, a flag is 0 or 1; Django's own log keeps who changed what."""

    operated_with = "staff.billing"
    list_per_page = 100  # all of them on one page

    list_display = ("plan", "feature", "value", "period")
    list_select_related = ("plan",)
    list_filter = ("plan",)
    ordering = ("plan__rank", "feature")
    readonly_fields = ("plan", "feature", "period")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_operate_permission(request)

    def save_model(self, request: HttpRequest, obj: PlanLimit, form: Any, change: bool) -> None:
        limits.change_plan(row=obj, value=obj.value)


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

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_operate_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is not None and self.has_operate_permission(request)

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

    def delete_model(self, request: HttpRequest, obj: LimitOverride) -> None:
        limits.end_override(row=obj, reason="", actor=Actor.staff(int(request.user.pk or 0)), now=clock.now())


admin.site.register(Plan, PlanAdmin)
admin.site.register(PlanPrice, PlanPriceAdmin)
admin.site.register(PlanLimit, PlanLimitAdmin)
admin.site.register(LimitOverride, LimitOverrideAdmin)
