"""The staff page over mails."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import Mail
from accounts.services.mail import send_again
from huntaze.kernel import clock
from huntaze.kernel.admin import Attention, ReadOnlyAdmin, attention


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
    return Attention(_("Mails that could not be sent"), Mail.objects.filter(state="failed"), url)
