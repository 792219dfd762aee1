"""Tables of messaging as staff see them: the queue, fans, campaigns, and what platforms told us.

Names and texts stay sealed here; they show as dots.
"""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.selectors import accounts_by_handle
from huntaze.kernel import clock, ids, outbox
from huntaze.kernel.actor import Actor
from huntaze.kernel.admin import Attention, ByPublicId, ReadOnlyAdmin, StaffAdmin, attention, guarded, may
from huntaze.kernel.columns import worded
from huntaze.kernel.errors import Conflict
from messaging.admin import dead_letters as dead_letters_page
from messaging.admin import reveal
from messaging.models import (
    Campaign,
    Conversation,
    Delivery,
    Fan,
    FanList,
    FanSignal,
    InboundEvent,
    Message,
    Segment,
    SendPolicy,
    SendSwitch,
)
from messaging.rules.onlyfans_events import ACCOUNT_EVENTS
from messaging.rules.outcomes import ACCOUNT_STATES, FREE_CODES, TEAM_CODES, VENDOR_TROUBLE
from messaging.services.dead_letters import discard_failed, it_arrived, retry_failed, send_again
from messaging.services.fans import handle_digest, name_digest
from messaging.services.inbound import HANDLERS, apply_again
from messaging.services.reveal import CAPABILITY
from messaging.services.switch import set_switch
from messaging.templatetags.queue_words import ERRORS
from messaging.types import DeliveryState

#: Every code that a delivery may carry, whether a row does or not: asking the table which it holds reads all of it.
ERROR_CODES = sorted(
    VENDOR_TROUBLE
    | TEAM_CODES
    | FREE_CODES
    | ACCOUNT_STATES.keys()
    | {
        "banned_words",
        "bug",
        "forbidden",
        "invalid",
        "not_found",
        "refused",
        "sender_lost",
        "text_unreadable",
    }
)


class ErrorFilter(admin.SimpleListFilter):
    """By the last error, among rows that are not through: those have a small index of their own."""

    title = _("last error")
    parameter_name = "last_error"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(code, worded(ERRORS, code)) for code in ERROR_CODES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        if not self.value():
            return queryset
        waiting = [
            DeliveryState.FAILED,
            DeliveryState.UNCERTAIN,
            DeliveryState.SCHEDULED,
            DeliveryState.QUEUED,
        ]
        return queryset.filter(last_error=self.value(), state__in=waiting)


class EventFilter(admin.SimpleListFilter):
    """By the event's name, among those not applied."""

    title = _("event")
    parameter_name = "event"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in sorted({*HANDLERS, *ACCOUNT_EVENTS})]

    def queryset(self, request: HttpRequest, queryset: QuerySet[InboundEvent]) -> QuerySet[InboundEvent]:
        if not self.value():
            return queryset
        return queryset.filter(event=self.value()).exclude(state=outbox.State.DONE)


@admin.register(Delivery)
class DeliveryAdmin(ByPublicId):
    list_display = (
        "message_id_text",
        "state",
        "account",
        "workspace",
        "priority",
        "attempts",
        "last_error",
        "queued_at",
        "promised_at",
        "answered_at",
    )
    list_filter = ("state", ErrorFilter)
    list_select_related = ("message", "account", "workspace")
    search_fields = ("trace_id__exact",)
    search_help_text = _("A msg_… or dlv_… id, a trace id, or an account's handle")
    ordering = ("-id",)
    actions = ("retry", "discard", "mark_arrived", "queue_again")
    exclude = ("lease_token",)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(guarded("staff.view")(dead_letters_page.listed))
        return [path("dead/", view, name="messaging_delivery_dead"), *super().get_urls()]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Delivery], search_term: str
    ) -> tuple[QuerySet[Delivery], bool]:
        for prefix, field in (("msg", "message__uid"), ("fan", "fan__uid"), ("acc", "account__uid")):
            uid = ids.decode(prefix, search_term.strip())
            if uid:
                return queryset.filter(**{field: uid}), False
        handle = search_term.strip().removeprefix("@")
        accounts = accounts_by_handle(handle) if handle else []
        if accounts:
            return queryset.filter(account_id__in=accounts), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description=_("message"))
    def message_id_text(self, delivery: Delivery) -> str:
        return delivery.reference

    @admin.action(permissions=["operate"], description=_("Retry failed messages"))
    def retry(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        self._each(request, queryset, retry_failed)

    @admin.action(permissions=["operate"], description=_("Discard failed messages"))
    def discard(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        self._each(request, queryset, discard_failed)

    @admin.action(permissions=["operate"], description=_("Uncertain: it arrived"))
    def mark_arrived(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        self._each(request, queryset, it_arrived)

    @admin.action(permissions=["operate"], description=_("Uncertain: send again"))
    def queue_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        self._each(request, queryset, send_again)

    def _each(self, request: HttpRequest, queryset: QuerySet[Delivery], service: Any) -> None:
        """One service call for each row; rows in another state are counted, not changed."""
        actor, now = Actor.staff(int(request.user.pk)), clock.now()
        done = refused = 0
        for delivery in queryset.select_related("message"):
            try:
                service(delivery=delivery, actor=actor, now=now)
                done += 1
            except Conflict:
                refused += 1
        text = ngettext("%(count)d message changed.", "%(count)d messages changed.", done) % {"count": done}
        self.message_user(request, text, messages.SUCCESS if done else messages.INFO)
        if refused:
            text = ngettext(
                "%(count)d message was in another state and stayed as it was.",
                "%(count)d messages were in another state and stayed as they were.",
                refused,
            )
            self.message_user(request, text % {"count": refused}, messages.WARNING)


@admin.register(Message)
class MessageAdmin(ByPublicId):
    list_display = (
        "public_id",
        "direction",
        "author_kind",
        "account",
        "workspace",
        "price_minor",
        "created_at",
        "sent_at",
    )
    list_select_related = ("account", "workspace")
    search_fields = ("platform_message_id__exact",)
    search_help_text = _("A msg_… id, or the platform's id of a message")
    ordering = ("-id",)
    exclude = ("text_digest",)
    readonly_fields = ("text",)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(guarded(CAPABILITY)(reveal.reveal))
        return [path("<int:object_id>/reveal/", view, name="messaging_message_reveal"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        context = {"may_reveal": may(request, CAPABILITY)} | (extra_context or {})
        return super().change_view(request, object_id, form_url, context)


@admin.register(Fan)
class FanAdmin(ByPublicId):
    list_display = ("public_id", "platform_user_id", "account", "workspace", "can_receive", "last_active_at")
    list_select_related = ("account", "workspace")
    search_fields = ("platform_user_id__exact",)
    search_help_text = _("A fan_… id, the platform's id, or the whole handle or name")
    ordering = ("-id",)
    exclude = ("handle_digest", "name_digest")
    readonly_fields = ("name", "handle")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Fan], search_term: str
    ) -> tuple[QuerySet[Fan], bool]:
        term = search_term.strip()
        is_id = term.isdigit() or ids.decode("fan", term)
        if term and not is_id:
            named = Q(handle_digest=handle_digest(term)) | Q(name_digest=name_digest(term))
            return queryset.filter(named), False
        return super().get_search_results(request, queryset, term)


@admin.register(Conversation)
class ConversationAdmin(ByPublicId):
    list_display = ("public_id", "account", "workspace", "unread_count", "last_message_at")
    list_select_related = ("account", "workspace")
    search_fields = ("account__handle",)
    ordering = ("-id",)


@admin.register(FanSignal)
class FanSignalAdmin(ByPublicId):
    list_display = ("public_id", "kind", "amount_minor", "currency", "account", "workspace", "occurred_at")
    list_select_related = ("account", "workspace")
    search_fields = ("platform_event_id__exact", "account__handle")
    ordering = ("-id",)


@admin.register(InboundEvent)
class InboundEventAdmin(ByPublicId):
    list_display = ("public_id", "event", "state", "attempts", "last_error", "received_at")
    list_filter = ("state", EventFilter)
    search_fields = ("event_key__exact", "trace_id__exact", "account_external_id__exact")
    ordering = ("-id",)
    actions = ("replay",)
    exclude = ("body", "body_digest", "lease_token")

    @admin.action(permissions=["operate"], description=_("Apply again"))
    def replay(self, request: HttpRequest, queryset: QuerySet[InboundEvent]) -> None:
        states = [outbox.State.FAILED, "unclaimed", "quarantined"]
        stuck = list(queryset.filter(state__in=states))
        count = apply_again(pks=[event.pk for event in stuck], now=clock.now())
        text = ngettext("%(count)d event queued.", "%(count)d events queued.", count) % {"count": count}
        self.message_user(request, text, messages.SUCCESS)


@attention
def dead_letters() -> Attention:
    rows = Delivery.objects.dead_letters()
    return Attention(_("Dead letters"), rows, reverse("admin:messaging_delivery_dead"))


@attention
def uncertain() -> Attention:
    url = reverse("admin:messaging_delivery_changelist") + "?state__exact=uncertain"
    return Attention(_("Uncertain sends"), Delivery.objects.uncertain(), url)


@attention
def webhooks_not_applied() -> Attention:
    states = [outbox.State.FAILED, "unclaimed", "quarantined"]
    url = reverse("admin:messaging_inboundevent_changelist") + f"?state__in={','.join(states)}"
    return Attention(_("Webhooks not applied"), InboundEvent.objects.filter(state__in=states), url)


@admin.register(SendPolicy)
class SendPolicyAdmin(StaffAdmin):
    """Caps above the platform's own window. Django's own log keeps who changed what."""

    list_display = (
        "name",
        "account",
        "is_per_fan",
        "count",
        "window_seconds",
        "until_account_age_days",
        "is_active",
    )
    list_filter = ("is_active", "is_per_fan")
    list_select_related = ("account",)
    autocomplete_fields = ("account",)
    search_fields = ("name", "account__handle")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_operate_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_operate_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_operate_permission(request)


@admin.register(SendSwitch)
class SendSwitchAdmin(ReadOnlyAdmin):
    """Add a row to stop or resume everything."""

    list_display = ("changed_at", "is_stopped", "reason", "changed_by")
    list_select_related = ("changed_by",)
    ordering = ("-id",)
    fields = ("is_stopped", "reason")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_operate_permission(request)

    def save_model(self, request: HttpRequest, obj: SendSwitch, form: Any, change: bool) -> None:
        row = set_switch(
            is_stopped=obj.is_stopped, reason=obj.reason, user_pk=int(request.user.pk), now=clock.now()
        )
        obj.pk = row.pk


@admin.register(Campaign)
class CampaignAdmin(ByPublicId):
    list_display = (
        "public_id",
        "name",
        "state",
        "state_reason",
        "account",
        "workspace",
        "launch_at",
        "ended_at",
    )
    list_filter = ("state",)
    list_select_related = ("account", "workspace")
    search_fields = ("name", "trace_id__exact", "account__handle")
    ordering = ("-id",)
    exclude = ("text_digest",)


@admin.register(FanList)
class FanListAdmin(ByPublicId):
    list_display = ("public_id", "name", "account", "workspace", "created_at")
    list_select_related = ("account", "workspace")
    search_fields = ("name",)
    ordering = ("-id",)


@admin.register(Segment)
class SegmentAdmin(ByPublicId):
    list_display = ("public_id", "name", "account", "workspace", "updated_at")
    list_select_related = ("account", "workspace")
    search_fields = ("name",)
    ordering = ("-id",)
