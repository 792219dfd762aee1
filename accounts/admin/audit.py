"""Staff pages over what was done: the audit logs of workspaces, their proofs, and the staff's own deeds."""

import re
from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import ApiKey, AuditEvent, AuditProof, Membership, Workspace
from accounts.services.audit_nightly import make_due
from accounts.templatetags.audit_words import ACTIONS, deed
from huntaze.kernel import clock, ids
from huntaze.kernel.admin import Attention, ReadOnlyAdmin, attention


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


@attention
def broken_logs() -> Attention:
    url = reverse("admin:accounts_auditproof_changelist") + "?state=broken"
    rows = AuditProof.objects.filter(finding_count__gt=0)
    return Attention(_("Audit logs that do not add up"), rows, url)
