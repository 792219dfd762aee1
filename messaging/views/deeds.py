"""What members do with messages and accounts: retry, cancel, decide, pause, resume."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST

from accounts.selectors import account_of
from accounts.services.audit import Actor
from accounts.services.platform_accounts import set_paused
from accounts.types import Platform
from billing.errors import ReadOnlyAccess
from huntaze.kernel import clock
from huntaze.kernel.errors import Conflict, UsageLimitExceeded
from huntaze.kernel.web import page, principal_of
from messaging import selectors
from messaging.services import dead_letters
from messaging.types import DeliveryState
from messaging.views.common import no_credits, told, unpaid

DEEDS: dict[str, Callable[..., Any]] = {
    "retry": dead_letters.retry_failed,
    "cancel": dead_letters.cancel,
    "arrived": dead_letters.it_arrived,
    "again": dead_letters.send_again,
}
#: What the services refuse with, for translation.
REFUSALS = (
    gettext_noop("This message is not failed"),
    gettext_noop("This message is not uncertain"),
    gettext_noop("It is too late to cancel this message"),
)


@page("queue.manage")
@require_POST
def deed(request: HttpRequest, message_id: str, deed: str) -> HttpResponse:
    """Retry, cancel or decide about one message."""
    if deed not in DEEDS:
        raise Http404
    principal = principal_of(request)
    delivery = selectors.delivery_of(principal.creator_ids, message_id)
    try:
        result = DEEDS[deed](delivery=delivery, actor=Actor.of(principal), now=clock.now())
    except Conflict as error:
        return told(request, messages.WARNING, _(error.message), status=409)
    except UsageLimitExceeded as error:
        return told(request, messages.WARNING, no_credits(error), status=429)
    except ReadOnlyAccess:
        return told(request, messages.WARNING, unpaid(), status=403)
    sentences = {
        "retry": _("The message is queued again."),
        "cancel": _("The message is cancelled; it will not be sent."),
        "arrived": _("Noted: the message arrived."),
        "again": _("The message is queued again."),
    }
    if result == DeliveryState.UNCERTAIN:
        sentence = _(
            "It will not be sent again, but an earlier attempt may have arrived. That is being looked up."
        )
        return told(request, messages.WARNING, sentence)
    return told(request, messages.SUCCESS, sentences[deed])


@page("queue.manage")
@require_POST
def account_deed(request: HttpRequest, account_id: str, deed: str) -> HttpResponse:
    """Pause or resume an account's sending."""
    if deed not in {"pause", "resume"}:
        raise Http404
    principal = principal_of(request)
    account = account_of(principal.creator_ids, Platform.ONLYFANS, account_id)
    set_paused(account=account, is_paused=deed == "pause", actor=Actor.of(principal), now=clock.now())
    values = {"account": str(account)}
    paused, resumed = _("Sending for %(account)s is paused."), _("Sending for %(account)s goes on.")
    return told(request, messages.SUCCESS, (paused if deed == "pause" else resumed) % values)
