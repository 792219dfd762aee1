"""Staff pages over accounts: look, search, and pause or resume an account's sending."""

import re
from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import impersonation_admin
from accounts.errors import EndpointDisabled
from accounts.models import (
    ApiKey,
    AuditEvent,
    AuditProof,
    Connection,
    Creator,
    LegalHold,
    Mail,
    Membership,
    PlatformAccount,
    PrivacyRequest,
    RefreshSession,
    RetentionRun,
    Revocation,
    TokenRefresh,
    User,
    WebhookDelivery,
    WebhookSubscription,
    Workspace,
)
from accounts.services.audit import Actor
from accounts.services.audit_nightly import make_due
from accounts.services.connections.leave import revoke_again
from accounts.services.connections.oauth.renew import look_now
from accounts.services.mail import send_again
from accounts.services.platform_accounts import set_paused
from accounts.services.privacy import holds
from accounts.services.retention import run as retention_runs
from accounts.services.webhooks import endpoints
from accounts.templatetags.audit_words import ACTIONS, deed
from accounts.templatetags.integration_words import (
    account_words,
    failure_words,
    reason_words,
    step_words,
)
from accounts.types import AccountState
from huntaze.kernel import clock, ids
from huntaze.kernel.admin import Attention, ReadOnlyAdmin, attention, may
from huntaze.kernel.errors import NotFound


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
        view = self.admin_site.admin_view(impersonation_admin.begin)
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
        return str(account_words(row))

    @admin.display(description=_("Reason"))
    def reason_in_words(self, row: PlatformAccount) -> str:
        """Its code, where it has no words."""
        words = str(reason_words(row))
        return words or ("" if row.state == AccountState.CONNECTED else row.state_reason)

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
        return str(step_words(row))

    @admin.display(description=_("Reason"))
    def reason_in_words(self, row: Connection) -> str:
        return str(failure_words(row))


@admin.register(Revocation)
class RevocationAdmin(ReadOnlyAdmin):
    """Accounts that still have to be disconnected at their platform."""

    list_display = ("public_id", "platform", "state", "attempts", "last_error", "queued_at", "available_at")
    list_filter = ("platform", "state")
    ordering = ("-id",)
    exclude = ("external_id", "tokens")
    actions = ("try_again",)

    @admin.action(permissions=["operate"], description=_("Try again"))
    def try_again(self, request: HttpRequest, queryset: QuerySet[Revocation]) -> None:
        count = revoke_again(pks=[row.pk for row in queryset], now=clock.now())
        text = ngettext("%(count)d row is tried again.", "%(count)d rows are tried again.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)


@admin.register(TokenRefresh)
class TokenRefreshAdmin(ReadOnlyAdmin):
    """When the tokens of accounts connected by OAuth are next renewed or tried, and what came of it last."""

    list_display = (
        "account",
        "platform",
        "workspace",
        "state",
        "attempts",
        "last_error",
        "refresh_at",
        "available_at",
    )
    list_filter = ("account__platform", "state")
    list_select_related = ("account", "workspace")
    search_fields = ("account__handle", "workspace__name")
    ordering = ("-id",)
    actions = ("try_now",)

    @admin.display(description=_("Platform"), ordering="account__platform")
    def platform(self, row: TokenRefresh) -> str:
        return row.account.platform

    @admin.action(permissions=["operate"], description=_("Try now"))
    def try_now(self, request: HttpRequest, queryset: QuerySet[TokenRefresh]) -> None:
        count = look_now(pks=[row.pk for row in queryset])
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


class WhenFilter(admin.SimpleListFilter):
    """By age, with the index by time."""

    title = _("when")
    parameter_name = "when"
    AGES = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("hour", _("last hour")), ("day", _("last 24 hours")), ("week", _("last 7 days"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        age = self.AGES.get(self.value() or "")
        return queryset.filter(at__gte=clock.now() - age) if age else queryset


class ActionFilter(admin.SimpleListFilter):
    """Every action that there is, in words: asking the table which it holds would read all of it."""

    title = _("action")
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return sorted(ACTIONS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        return queryset.filter(action=self.value()) if self.value() else queryset


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ("at", "action_in_words", "target", "who", "workspace", "ip", "reason")
    list_select_related = ("actor_user", "actor_member__user", "workspace")
    list_filter = (WhenFilter, ActionFilter)
    search_fields = ("target__exact",)
    search_help_text = _(
        "A public id, a trace id, a person's whole email, or a workspace (wsp_…), if wanted with an action behind it"
    )
    ordering = ("-id",)
    exclude = ("mac", "origin_digest")

    @admin.display(description=_("Action"))
    def action_in_words(self, row: AuditEvent) -> str:
        return f"{deed(row.action)} ({row.action})"

    @admin.display(description=_("Who"))
    def who(self, row: AuditEvent) -> str:
        who = str(row.actor_user or row.actor_kind)
        if row.actor_kind == "staff" and row.actor_member is not None:
            return _("%(who)s, for %(member)s") % {"who": who, "member": row.actor_member.user}
        return who

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """The order that the index behind the question gives; all are newest first."""
        is_cut = any(request.GET.get(name) for name in ("q", "when", "action"))
        return ("-at", "-id") if is_cut else ("-id",)

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


class BrokenFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("broken", _("does not add up")), ("whole", _("whole"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditProof]) -> QuerySet[AuditProof]:
        if self.value() == "broken":
            return queryset.filter(finding_count__gt=0)
        return queryset.filter(finding_count=0) if self.value() == "whole" else queryset


@admin.register(AuditProof)
class AuditProofAdmin(ReadOnlyAdmin):
    """What came of proving each workspace's log, which happens once a day."""

    list_display = ("workspace", "checked_at", "row_count", "block_count", "finding_count", "first_finding")
    list_filter = (BrokenFilter,)
    list_select_related = ("workspace",)
    search_fields = ("workspace__name",)
    ordering = ("-checked_at",)
    actions = ("prove_now",)

    @admin.display(description=_("First finding"))
    def first_finding(self, row: AuditProof) -> str:
        return str(row.findings[0]) if row.findings else ""

    @admin.action(permissions=["operate"], description=_("Prove again now"))
    def prove_now(self, request: HttpRequest, queryset: QuerySet[AuditProof]) -> None:
        """Only marks: the next run, within a quarter of an hour, begins with these. A long log takes longer than a
        request may."""
        count = make_due(pks=[row.pk for row in queryset], now=clock.now())
        text = ngettext("%(count)d log is proved next.", "%(count)d logs are proved next.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)


@admin.register(LogEntry)
class LogEntryAdmin(ReadOnlyAdmin):
    """Which member of staff used which action on which row."""

    list_display = ("action_time", "user", "content_type", "object_repr", "change_message")
    list_select_related = ("user", "content_type")
    search_fields = ("user__email__exact", "object_id__exact")
    ordering = ("-id",)


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


@admin.register(WebhookSubscription)
class WebhookSubscriptionAdmin(ReadOnlyAdmin):
    """Endpoints of workspaces; address and secrets are sealed."""

    list_display = (
        "public_id",
        "workspace",
        "description",
        "disabled_at",
        "disabled_reason",
        "failing_since",
    )
    list_filter = (("disabled_at", admin.EmptyFieldListFilter),)
    list_select_related = ("workspace",)
    search_fields = ("workspace__name", "description")
    ordering = ("-id",)
    exclude = ("url", "secret", "old_secret")


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    """What endpoints were told, with every attempt."""

    list_display = (
        "public_id",
        "kind",
        "subscription",
        "workspace",
        "state",
        "attempts",
        "last_error",
        "queued_at",
    )
    list_filter = ("state",)
    list_select_related = ("subscription", "workspace")
    search_fields = ("trace_id__exact",)
    ordering = ("-id",)
    actions = ("send_again",)

    @admin.action(permissions=["operate"], description=_("Send again"))
    def send_again(self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]) -> None:
        actor, now, count, off = Actor.staff(int(request.user.pk)), clock.now(), 0, 0
        for row in queryset.select_related("subscription"):
            try:
                count += endpoints.send_again(row=row.subscription, delivery_pk=row.pk, actor=actor, now=now)
            except (EndpointDisabled, NotFound):
                off += 1
        text = ngettext("%(count)d event is sent again.", "%(count)d events are sent again.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)
        if off:
            text = ngettext(
                "%(count)d event has an endpoint that is off.",
                "%(count)d events have an endpoint that is off.",
                off,
            )
            self.message_user(request, text % {"count": off}, messages.WARNING)


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
def endpoints_off() -> Attention:
    rows = WebhookSubscription.objects.filter(removed_at=None, disabled_reason__in=["gone", "failing"])
    url = reverse("admin:accounts_webhooksubscription_changelist") + "?disabled_at__isempty=0"
    return Attention(_("Webhook endpoints that were switched off"), rows.count(), url)


@attention
def holds_standing() -> Attention:
    url = reverse("admin:accounts_legalhold_changelist") + "?released_at__isempty=1"
    return Attention(_("Legal holds"), LegalHold.objects.filter(released_at=None).count(), url)


@attention
def rules_late() -> Attention:
    url = reverse("admin:accounts_retentionrun_changelist")
    return Attention(
        _("Things that should be forgotten by now"), len(retention_runs.late(now=clock.now())), url
    )


@attention
def mails_not_sent() -> Attention:
    url = reverse("admin:accounts_mail_changelist") + "?state__exact=failed"
    return Attention(_("Mails that could not be sent"), Mail.objects.filter(state="failed").count(), url)


@attention
def broken_logs() -> Attention:
    url = reverse("admin:accounts_auditproof_changelist") + "?state=broken"
    count = AuditProof.objects.filter(finding_count__gt=0).count()
    return Attention(_("Audit logs that do not add up"), count, url)


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
