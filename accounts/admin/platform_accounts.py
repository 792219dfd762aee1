"""Staff pages over accounts on platforms: their state, how they were connected, what is still to renew or to end."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import Connection, PlatformAccount, Revocation, TokenRefresh
from accounts.services.audit import Actor
from accounts.services.connections.leave import revoke_again
from accounts.services.connections.oauth.renew import look_now
from accounts.services.platform_accounts import set_paused
from accounts.templatetags.integration_words import account_words, failure_words, reason_words, step_words
from accounts.types import AccountState
from huntaze.kernel import clock
from huntaze.kernel.admin import Attention, ReadOnlyAdmin, attention


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


@attention
def accounts_to_reconnect() -> Attention:
    states = [AccountState.EXPIRED, AccountState.NEEDS_CODE, AccountState.NEEDS_FACE]
    rows = PlatformAccount.objects.filter(state__in=states)
    url = reverse("admin:accounts_platformaccount_changelist") + f"?state__in={','.join(states)}"
    return Attention(_("Accounts to reconnect"), rows, url)


@attention
def accounts_not_revoked() -> Attention:
    url = reverse("admin:accounts_revocation_changelist") + "?state__exact=failed"
    rows = Revocation.objects.filter(state="failed")
    return Attention(_("Accounts that could not be disconnected at their platform"), rows, url)
