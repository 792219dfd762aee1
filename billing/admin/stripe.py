"""Staff pages over Stripe: events, intents, subscriptions with a workspace's time line, findings, and the mirror.

dj-stripe's own pages would show keys and change things: all of them go, and what staff need comes back to be read.
"""

from typing import Any

from django.apps import apps
from django.contrib import admin, messages
from django.contrib.admin.exceptions import NotRegistered
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.services.audit import Actor
from billing.admin.reasons import ReasonForm, reason_of
from billing.models import (
    CheckoutIntent,
    MessagePack,
    ReconciliationFinding,
    StripeEvent,
    SubscriptionHistory,
    SubscriptionRecord,
)
from billing.selectors.margin import margin_of
from billing.selectors.timeline import timeline_of
from billing.services.stripe import inbox, reconcile, staff
from huntaze.kernel import clock
from huntaze.kernel.admin import Attention, ByPublicId, ReadOnlyAdmin, attention
from huntaze.kernel.errors import DomainError
from huntaze.kernel.outbox import State

#: What of the mirror staff may read.
MIRRORED = ("Customer", "Subscription", "Invoice", "Charge", "Dispute", "Session", "Product", "Price")


@admin.register(StripeEvent)
class StripeEventAdmin(ByPublicId):
    list_display = (
        "type",
        "event_id",
        "object_id",
        "source",
        "state",
        "outcome",
        "attempts",
        "last_error",
        "received_at",
    )
    list_filter = ("state", "outcome", "source")
    search_fields = ("event_id__exact", "object_id__exact", "serial_key__exact")
    search_help_text = _("An id of Stripe's: event, object or customer")
    ordering = ("-id",)
    actions = ("work_again",)

    @admin.action(permissions=["operate"], description=_("Work on it again"))
    def work_again(self, request: HttpRequest, queryset: QuerySet[StripeEvent]) -> None:
        count = inbox.again(pks=list(queryset.values_list("pk", flat=True)), now=clock.now())
        text = ngettext("%(count)d event is queued.", "%(count)d events are queued.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)


@admin.register(CheckoutIntent)
class CheckoutIntentAdmin(ByPublicId):
    operated_with = "staff.billing"
    list_display = (
        "public_id",
        "workspace",
        "choice",
        "credits",
        "amount_minor",
        "currency",
        "state",
        "created_at",
    )
    list_filter = ("state", "kind")
    list_select_related = ("workspace",)
    search_fields = ("session_id__exact", "payment_intent_id__exact")
    ordering = ("-id",)
    actions = ("refund",)
    action_form = ReasonForm

    @admin.action(permissions=["operate"], description=_("Refund what is left of it"))
    def refund(self, request: HttpRequest, queryset: QuerySet[CheckoutIntent]) -> None:
        if not (reason := reason_of(self, request)):
            return
        actor, done = Actor.staff(int(request.user.pk)), 0
        for intent in queryset:
            try:
                staff.refund_pack(intent=intent, reason=reason, actor=actor, now=clock.now())
                done += 1
            except DomainError as error:
                self.message_user(request, f"{intent.public_id}: {error.message}", messages.ERROR)
        text = ngettext("%(count)d purchase is refunded.", "%(count)d purchases are refunded.", done)
        self.message_user(request, text % {"count": done}, messages.SUCCESS)


@admin.register(SubscriptionRecord)
class SubscriptionRecordAdmin(ReadOnlyAdmin):
    """One workspace's subscription, and under it everything that happened to it."""

    operated_with = "staff.billing"
    list_display = (
        "workspace",
        "plan",
        "status",
        "interval",
        "current_period_end",
        "past_due_since",
        "observed_at",
    )
    list_filter = ("plan",)
    list_select_related = ("workspace", "plan")
    search_fields = ("stripe_customer_id__exact", "stripe_subscription_id__exact", "workspace__name")
    ordering = ("-id",)
    change_form_template = "admin/billing/subscription.html"
    actions = ("extend_grace",)
    action_form = ReasonForm

    @admin.action(permissions=["operate"], description=_("Three more days to pay"))
    def extend_grace(self, request: HttpRequest, queryset: QuerySet[SubscriptionRecord]) -> None:
        if not (reason := reason_of(self, request)):
            return
        actor, now = Actor.staff(int(request.user.pk)), clock.now()
        rows = [staff.extend_grace(record=record, reason=reason, actor=actor, now=now) for record in queryset]
        text = ngettext("%(count)d workspace has longer.", "%(count)d workspaces have longer.", sum(rows))
        self.message_user(request, text % {"count": sum(rows)}, messages.SUCCESS)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **more: Any
    ) -> Any:
        record = more.get("obj")
        if record is not None:
            context["timeline"] = timeline_of(record, kind=request.GET.get("of", ""))
            context["margin"] = margin_of(record)
        return super().render_change_form(request, context, *args, **more)


@admin.register(SubscriptionHistory)
class SubscriptionHistoryAdmin(ReadOnlyAdmin):
    list_display = ("workspace", "at", "source_event", "changes")
    list_select_related = ("workspace",)
    ordering = ("-id",)


@admin.register(MessagePack)
class MessagePackAdmin(ReadOnlyAdmin):
    list_display = ("key", "credits", "amount_minor", "currency", "stripe_lookup_key", "is_active")
    ordering = ("credits",)


@admin.register(ReconciliationFinding)
class ReconciliationFindingAdmin(ByPublicId):
    operated_with = "staff.billing"
    list_display = ("kind", "object_id", "ours", "theirs", "state", "reason", "first_seen_at", "last_seen_at")
    list_filter = ("state",)
    search_fields = ("object_id__exact", "serial_key__exact")
    ordering = ("-id",)
    actions = ("look_again", "accept_as_known")
    action_form = ReasonForm

    @admin.action(permissions=["operate"], description=_("Repair: look at the object again"))
    def look_again(self, request: HttpRequest, queryset: QuerySet[ReconciliationFinding]) -> None:
        count = reconcile.look_again(pks=list(queryset.values_list("pk", flat=True)), now=clock.now())
        text = ngettext("%(count)d object is looked at.", "%(count)d objects are looked at.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    @admin.action(permissions=["operate"], description=_("Accept as known"))
    def accept_as_known(self, request: HttpRequest, queryset: QuerySet[ReconciliationFinding]) -> None:
        if not (reason := reason_of(self, request)):
            return
        count = reconcile.accept(
            pks=list(queryset.values_list("pk", flat=True)), reason=reason, now=clock.now()
        )
        text = ngettext("%(count)d finding is closed.", "%(count)d findings are closed.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)


class MirrorAdmin(ReadOnlyAdmin):
    """A copy of an object of Stripe's."""

    list_display = ("id", "livemode", "created")
    search_fields = ("id__exact",)
    ordering = ("-djstripe_id",)
    fields = ("id", "livemode", "created", "stripe_data")
    readonly_fields = fields


def tidy_mirror(site: Any = admin.site) -> None:
    """Takes dj-stripe's pages away and gives back those that are read."""
    for model in apps.get_app_config("djstripe").get_models():
        try:
            site.unregister(model)
        except NotRegistered:
            continue
    for name in MIRRORED:
        site.register(apps.get_model("djstripe", name), MirrorAdmin)


@attention
def _stuck() -> Attention:
    rows = StripeEvent.objects.filter(state=State.FAILED)
    url = reverse("admin:billing_stripeevent_changelist") + "?state__exact=failed"
    return Attention(_("Events of Stripe given up"), rows, url)


@attention
def _orphans() -> Attention:
    rows = StripeEvent.objects.filter(outcome="orphan")
    url = reverse("admin:billing_stripeevent_changelist") + "?outcome__exact=orphan"
    return Attention(_("Events of Stripe without a workspace"), rows, url)


@attention
def _findings() -> Attention:
    rows = ReconciliationFinding.objects.filter(state="open")
    url = reverse("admin:billing_reconciliationfinding_changelist") + "?state__exact=open"
    return Attention(_("Differences with Stripe"), rows, url)
