"""The books of credits as staff look at them; credits are given here by hand, with a reason."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.services.audit import Actor
from billing.models import Grant, LedgerAccount, LedgerTransaction, Reservation
from billing.services import limits
from billing.types import Unit
from huntaze.kernel import clock
from huntaze.kernel.admin import ReadOnlyAdmin


class GrantForm(forms.ModelForm):  # type: ignore[type-arg]
    reason = forms.CharField(label=_("Reason"), max_length=200)

    class Meta:
        model = Grant
        fields = ("workspace", "unit", "amount", "expires_at")


class GrantAdmin(ReadOnlyAdmin):
    """Adding one gives credits by hand; nothing else can be changed."""

    operated_with = "staff.billing"
    list_display = (
        "public_id", "workspace", "unit", "source", "amount", "remaining", "reserved", "clawed_back",
        "granted_at", "expires_at", "frozen_at",
    )  # fmt: skip
    list_filter = ("unit", "source")
    list_select_related = ("workspace",)
    search_fields = ("workspace__name", "ref__exact")
    autocomplete_fields = ("workspace",)
    ordering = ("-id",)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **({} if obj else {"form": GrantForm}), **kwargs)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_operate_permission(request)

    def save_model(self, request: HttpRequest, obj: Grant, form: Any, change: bool) -> None:
        limits.give_credits(
            workspace_id=obj.workspace_id,
            unit=Unit(obj.unit),
            amount=obj.amount,
            expires_at=obj.expires_at,
            reason=form.cleaned_data["reason"],
            key=str(obj.uid),
            actor=Actor.staff(int(request.user.pk or 0)),
            now=clock.now(),
        )
        obj.pk = Grant.objects.filter(workspace_id=obj.workspace_id, unit=obj.unit).latest("pk").pk


class LedgerAccountAdmin(ReadOnlyAdmin):
    list_display = ("workspace", "unit", "kind", "balance")
    list_filter = ("unit", "kind")
    list_select_related = ("workspace",)
    search_fields = ("workspace__name",)
    ordering = ("workspace", "unit", "id")


class LedgerTransactionAdmin(ReadOnlyAdmin):
    list_display = (
        "public_id",
        "at",
        "workspace",
        "unit",
        "kind",
        "ref_type",
        "ref_id",
        "actor_kind",
        "note",
    )
    list_filter = ("unit", "kind")
    list_select_related = ("workspace",)
    search_fields = ("workspace__name", "idempotency_key__exact")
    ordering = ("-id",)


class ReservationAdmin(ReadOnlyAdmin):
    list_display = (
        "public_id", "workspace", "unit", "ref_type", "ref_id", "amount", "settled", "released", "reserved_at",
    )  # fmt: skip
    list_filter = ("unit",)
    list_select_related = ("workspace",)
    search_fields = ("workspace__name",)
    ordering = ("-id",)


admin.site.register(Grant, GrantAdmin)
admin.site.register(LedgerAccount, LedgerAccountAdmin)
admin.site.register(LedgerTransaction, LedgerTransactionAdmin)
admin.site.register(Reservation, ReservationAdmin)
