"""Staff pages over people: workspaces, who belongs to them, and their creators."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import path

from accounts.admin import visits
from accounts.models import Creator, Membership, User, Workspace
from huntaze.kernel.admin import ReadOnlyAdmin, may


@admin.register(Workspace)
class WorkspaceAdmin(ReadOnlyAdmin):
    list_display = ("name", "public_id", "kind", "status", "timezone", "created_at")
    list_filter = ("status", "kind")
    search_fields = ("name", "billing_email")
    ordering = ("-id",)


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display = ("email", "name", "public_id", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "name")
    ordering = ("-id",)
    exclude = ("password",)


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    list_display = ("public_id", "user", "workspace", "role", "joined_at", "ended_at")
    list_filter = ("role",)
    list_select_related = ("user", "workspace")
    search_fields = ("user__email", "workspace__name")
    ordering = ("-id",)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(visits.begin)
        return [path("<int:object_id>/visit/", view, name="accounts_membership_visit"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        context = {"may_visit": may(request, "staff.impersonate")} | (extra_context or {})
        return super().change_view(request, object_id, form_url, context)


@admin.register(Creator)
class CreatorAdmin(ReadOnlyAdmin):
    list_display = ("stage_name", "public_id", "workspace", "status", "timezone")
    list_filter = ("status",)
    list_select_related = ("workspace",)
    search_fields = ("stage_name", "workspace__name")
    ordering = ("-id",)
