"""Staff pages over outgoing webhooks."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.errors import EndpointDisabled
from accounts.models import WebhookDelivery, WebhookSubscription
from accounts.services.audit import Actor
from accounts.services.webhooks import endpoints
from huntaze.kernel import clock
from huntaze.kernel.admin import Attention, ReadOnlyAdmin, attention
from huntaze.kernel.errors import NotFound


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


@attention
def endpoints_off() -> Attention:
    rows = WebhookSubscription.objects.filter(removed_at=None, disabled_reason__in=["gone", "failing"])
    url = reverse("admin:accounts_webhooksubscription_changelist") + "?disabled_at__isempty=0"
    return Attention(_("Webhook endpoints that were switched off"), rows, url)
