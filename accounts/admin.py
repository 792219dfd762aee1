"""Staff pages over accounts: look, search, and pause or resume an account's sending."""

import re

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import (
    ApiKey,
    AuditEvent,
    Connection,
    Creator,
    Mail,
    Membership,
    PlatformAccount,
    RefreshSession,
    Revocation,
    User,
    Workspace,
)
from accounts.services.audit import Actor
from accounts.services.connections.leave import revoke_again
from accounts.services.mail import send_again
from accounts.services.platform_accounts import set_paused
from accounts.templatetags.integration_words import said
from accounts.types import AccountState
from huntaze.kernel import clock, ids
from huntaze.kernel.admin import Attention, ReadOnlyAdmin, attention


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


@admin.register(Creator)
class CreatorAdmin(ReadOnlyAdmin):
    list_display = ("stage_name", "public_id", "workspace", "status", "timezone")
    list_filter = ("status",)
    list_select_related = ("workspace",)
    search_fields = ("stage_name", "workspace__name")
    ordering = ("-id",)


@admin.register(PlatformAccount)
class PlatformAccountAdmin(ReadOnlyAdmin):
    list_display = (
        "handle",
        "public_id",
        "platform",
        "creator",
        "workspace",
        "state_in_words",
        "reason_in_words",
        "is_sending_paused",
    )
    list_filter = ("platform", "state", "is_sending_paused")
    list_select_related = ("creator", "workspace")
    search_fields = ("handle", "external_id", "creator__stage_name")
    ordering = ("-id",)
    actions = ("pause_sending", "resume_sending")
    exclude = ("credentials",)

    @admin.display(description=_("State"), ordering="state")
    def state_in_words(self, row: PlatformAccount) -> str:
        return str(said(row.state, "account"))

    @admin.display(description=_("Reason"))
    def reason_in_words(self, row: PlatformAccount) -> str:
        """Its code, where it has no words."""
        return (
            ""
            if row.state == AccountState.CONNECTED
            else str(said(row.state_reason, "reason") or row.state_reason)
        )

    @admin.action(permissions=["operate"], description=_("Pause sending"))
    def pause_sending(self, request: HttpRequest, queryset: QuerySet[PlatformAccount]) -> None:
        self._set(request, queryset, is_paused=True)

    @admin.action(permissions=["operate"], description=_("Resume sending"))
    def resume_sending(self, request: HttpRequest, queryset: QuerySet[PlatformAccount]) -> None:
        self._set(request, queryset, is_paused=False)

    def _set(self, request: HttpRequest, queryset: QuerySet[PlatformAccount], *, is_paused: bool) -> None:
        actor, now = Actor.staff(int(request.user.pk)), clock.now()
        changed = sum(set_paused(account=row, is_paused=is_paused, actor=actor, now=now) for row in queryset)
        text = ngettext("%(count)d account changed.", "%(count)d accounts changed.", changed) % {
            "count": changed
        }
        self.message_user(request, text, messages.SUCCESS)


@admin.register(Connection)
class ConnectionAdmin(ReadOnlyAdmin):
    """Attempts to connect accounts, and how they ended."""

    list_display = (
        "public_id",
        "platform",
        "creator",
        "workspace",
        "state_in_words",
        "reason_in_words",
        "started_at",
        "finished_at",
    )
    list_filter = ("platform", "state")
    list_select_related = ("creator", "workspace")
    ordering = ("-id",)

    @admin.display(description=_("State"), ordering="state")
    def state_in_words(self, row: Connection) -> str:
        return str(said(row.state, "step"))

    @admin.display(description=_("Reason"))
    def reason_in_words(self, row: Connection) -> str:
        return str(said(row.reason, "failure"))


@admin.register(Revocation)
class RevocationAdmin(ReadOnlyAdmin):
    """Accounts that still have to be disconnected at their platform."""

    list_display = ("public_id", "platform", "state", "attempts", "last_error", "queued_at", "available_at")
    list_filter = ("platform", "state")
    ordering = ("-id",)
    exclude = ("external_id",)
    actions = ("try_again",)

    @admin.action(permissions=["operate"], description=_("Try again"))
    def try_again(self, request: HttpRequest, queryset: QuerySet[Revocation]) -> None:
        count = revoke_again(pks=[row.pk for row in queryset], now=clock.now())
        text = ngettext("%(count)d row is tried again.", "%(count)d rows are tried again.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)


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


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ("at", "action", "target", "actor_kind", "actor_user", "workspace", "ip", "reason")
    list_select_related = ("actor_user", "workspace")
    search_fields = ("target__exact",)
    search_help_text = _(
        "A public id, a trace id, a person's whole email, or a workspace (wsp_…), if wanted with an action behind it"
    )
    ordering = ("-id",)
    exclude = ("mac", "origin_digest")

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """The order that the index behind the question gives; both are newest first."""
        return ("-at", "-id") if request.GET.get("q") else ("-id",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEvent], search_term: str
    ) -> tuple[QuerySet[AuditEvent], bool]:
        """Each kind of term by its own index: one condition over a join would read the whole log."""
        term, _, rest = search_term.strip().partition(" ")
        if not term:
            return queryset, False
        found = [
            ("workspace__in", Workspace, "wsp"),
            ("actor_member__in", Membership, "mbr"),
            ("actor_key__in", ApiKey, "key"),
        ]
        if "@" in term:
            return queryset.filter(actor_user__email=term.lower()), False
        for lookup, model, prefix in found:
            uid = ids.decode(prefix, term)
            if uid:
                rows = list(model.objects.filter(uid=uid).values_list("pk", flat=True))
                by = queryset.filter(**{lookup: rows})
                return (by.filter(action=rest) if rest else by), False
        if re.fullmatch(r"[a-z]{2,4}_[0-9A-Z]{26}", term):
            return queryset.filter(target=term), False
        return queryset.filter(trace_id=term), False


@admin.register(Mail)
class MailAdmin(ReadOnlyAdmin):
    """What was sent to whom, and what could not be; what stood in it is sealed."""

    list_display = ("kind", "public_id", "to", "state", "attempts", "last_error", "queued_at")
    list_filter = ("state",)
    search_fields = ("to__exact",)
    ordering = ("-id",)
    exclude = ("params",)
    actions = ("send_again",)

    @admin.action(permissions=["operate"], description=_("Send again"))
    def send_again(self, request: HttpRequest, queryset: QuerySet[Mail]) -> None:
        count = send_again(pks=[row.pk for row in queryset], now=clock.now())
        text = ngettext("%(count)d mail is on its way.", "%(count)d mails are on their way.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)


@attention
def mails_not_sent() -> Attention:
    url = reverse("admin:accounts_mail_changelist") + "?state__exact=failed"
    return Attention(_("Mails that could not be sent"), Mail.objects.filter(state="failed").count(), url)


@attention
def accounts_to_reconnect() -> Attention:
    states = [AccountState.EXPIRED, AccountState.NEEDS_CODE, AccountState.NEEDS_FACE]
    count = PlatformAccount.objects.filter(state__in=states).count()
    url = reverse("admin:accounts_platformaccount_changelist") + f"?state__in={','.join(states)}"
    return Attention(_("Accounts to reconnect"), count, url)


@attention
def accounts_not_revoked() -> Attention:
    url = reverse("admin:accounts_revocation_changelist") + "?state__exact=failed"
    count = Revocation.objects.filter(state="failed").count()
    return Attention(_("Accounts that could not be disconnected at their platform"), count, url)
