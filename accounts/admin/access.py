"""Staff pages over keys and sessions; what opens a door is in none of them."""

from django.contrib import admin

from accounts.models import ApiKey, RefreshSession
from huntaze.kernel.admin import ReadOnlyAdmin


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    list_display = ("prefix", "public_id", "name", "workspace", "scopes", "last_used_at", "revoked_at")
    list_select_related = ("workspace",)
    search_fields = ("prefix", "name", "workspace__name")
    ordering = ("-id",)
    exclude = ("digest",)


@admin.register(RefreshSession)
class RefreshSessionAdmin(ReadOnlyAdmin):
    list_display = (
        "public_id",
        "user",
        "workspace",
        "created_at",
        "last_used_at",
        "revoked_at",
        "revoked_reason",
    )
    list_select_related = ("user", "workspace")
    search_fields = ("user__email",)
    ordering = ("-id",)
    exclude = ("device",)
