"""What the views of the queue share: where the member is, the context of each part, and the two kinds of answers."""

import hashlib
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import PlatformAccount
from accounts.selectors import account_of, reachable_accounts
from accounts.selectors.creator_switch import CreatorSwitch, creator_switch
from accounts.types import Platform
from billing.selectors.quotes import quoted
from billing.selectors.standing import standing
from billing.types import Access, Unit
from huntaze.kernel import clock
from huntaze.kernel.errors import UsageLimitExceeded
from huntaze.kernel.money import Money
from huntaze.kernel.web import is_fragment, principal_of
from messaging import selectors
from messaging.forms import SendForm
from messaging.models import Delivery
from messaging.rules.campaigns import UNPAID
from messaging.rules.prices import currency_of
from messaging.selectors import queue_page, recipients
from messaging.selectors.undo import held_of, is_own, may_undo
from messaging.services import forecasts
from messaging.services.board import AccountLine, Board, board
from messaging.types import DeliveryState

TABS = tuple(queue_page.LISTS)


@dataclass(frozen=True, slots=True)
class Place:
    """Where on the page the member is; it all stands in the URL. `all` are the accounts of the chosen creator."""

    creators: CreatorSwitch
    all: list[PlatformAccount]
    chosen: PlatformAccount | None
    show: str
    after: str

    @property
    def accounts(self) -> list[PlatformAccount]:
        return [self.chosen] if self.chosen else self.all


def full(request: HttpRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    place = place_of(request)
    shown = figures_of(place)
    form = more if "form" in more else _first_form(request, place, shown["board"].lines)
    context = {**shown, **list_of(place, shown["board"]), **form, **more}
    context["creator_switch"] = place.creators
    response = render(request, "messaging/onlyfans.html", context, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Request-Type"])
    return response


def _first_form(request: HttpRequest, place: Place, lines: tuple[AccountLine, ...]) -> dict[str, Any]:
    """The empty form, with what was sent a moment ago and can still be taken back; or what has been."""
    again = request.GET.get("again")
    member_pk = principal_of(request).member_pk
    if again:
        taken = selectors.delivery_of(principal_of(request).creator_ids, again)
        is_back = taken.state == DeliveryState.CANCELLED and is_own(taken, member_pk)
        return form_of(request, place, refilled(place.all, taken) if is_back else None, lines)
    found = form_of(request, place, lines=lines)
    waits = found["form"] and any(line.counts.scheduled for line in lines)
    held = held_of(place.accounts, member_pk, clock.now()) if waits else None
    return found | (receipt_of(request, held) if held else {})


def receipt_of(request: HttpRequest, delivery: Delivery) -> dict[str, Any]:
    """A message that its sender watches, and until when it can be taken back."""
    is_held = may_undo(delivery, principal_of(request).member_pk)
    row = queue_page.row_of(delivery, clock.now())
    return {"receipt": row, "undo_until": row.available_at if is_held else None}


def refilled(accounts: list[PlatformAccount], delivery: Delivery) -> SendForm:
    """A new form with everything that a message of the member's own says."""
    message, fan = delivery.written, delivery.fan
    price = Money(message.price_minor, message.currency).amount if message.price_minor else ""
    initial = {
        "account": delivery.account.public_id,
        "recipient": f"@{fan.handle.reveal()}" if fan.handle else fan.public_id,
        "text": message.text.reveal(),
        "price": price,
        "media_ids": ", ".join(message.media_ids),
        "is_locked_text": message.is_locked_text,
        "priority": delivery.priority,
    }
    return SendForm(accounts, initial=initial)


def place_of(request: HttpRequest) -> Place:
    reach = principal_of(request).creator_ids
    wanted, show = request.GET.get("account"), request.GET.get("show", "")
    accounts = reachable_accounts(reach, Platform.ONLYFANS)
    creators = creator_switch((row.creator for row in accounts), request.GET.get("creator"))
    if creators.chosen:
        accounts = [row for row in accounts if row.creator.public_id == creators.chosen.id]
    chosen = next((row for row in accounts if row.public_id == wanted), None)
    if wanted and chosen is None:
        chosen = account_of(reach, Platform.ONLYFANS, wanted)
    return Place(creators, accounts, chosen, show if show in TABS else TABS[0], request.GET.get("after", ""))


def figures_of(place: Place) -> dict[str, Any]:
    return {"board": board(place.accounts, clock.now()), "place": place}


def list_of(place: Place, known: Board | None = None) -> dict[str, Any]:
    total = known.total if known else _total(place)
    found = queue_page.listing(
        place.accounts,
        place.show,
        place.after,
        clock.now(),
        has_flying=total.sending > 0,
        is_unpaid=known.hold == UNPAID if known else None,
    )
    return {"listing": found, "show": place.show, "total": total, "place": place}


def _total(place: Place) -> queue_page.Counts:
    found = queue_page.counts([account.pk for account in place.accounts]).values()
    return queue_page.Counts(
        *(sum(getattr(row, name) for row in found) for name in queue_page.Counts.__slots__)
    )


def form_of(
    request: HttpRequest, place: Place, form: SendForm | None = None, lines: tuple[AccountLine, ...] = ()
) -> dict[str, Any]:
    """The form with the fans of its account and what is said before sending; `lines` saves asking for slots again."""
    if not principal_of(request).can("messages.send") or not place.all:
        return {"form": None}
    account = place.chosen or place.all[0]
    if form is None:
        form = SendForm(place.all, initial={"account": account.public_id})
    elif named := [row for row in place.all if row.public_id == form["account"].value()]:
        account = named[0]
    known = next((line.outlook for line in lines if line.account_id == account.public_id), None)
    found = forecasts.forecast(
        account=account, priority=_priority(form), scheduled_at=None, now=clock.now(), known=known
    )
    return {
        "form": form,
        "forecast": found,
        "account": account,
        "currency": currency_of(account.platform),
        "recent": recipients.recent(account),
        "place": place,
        **cost_of(account),
    }


def cost_of(account: PlatformAccount) -> dict[str, Any]:
    """What one message costs and what is left after it, and whether nothing is taken because of an unpaid bill."""
    now = clock.now()
    return {
        "quote": quoted(account.workspace_id, Unit.MESSAGE, 1, now),
        "is_unpaid": standing(account.workspace_id, now).access is Access.READ_ONLY,
    }


def _priority(form: SendForm) -> int:
    value = str(form["priority"].value())
    return int(value) if value in "123456789" and value else 5


def no_credits(error: UsageLimitExceeded) -> str:
    """Why nothing more is accepted, and what helps; what was typed stays where it was."""
    ends = error.data.get("reset_date")
    if ends is None:
        return _("There are no message credits left. Buy a pack or change the plan to go on.")
    sentence = _(
        "There are no message credits left. New ones come on %(date)s; a pack or another plan helps at once."
    )
    return sentence % {"date": date_format(ends, "DATE_FORMAT")}


def unpaid() -> str:
    return _("The subscription is unpaid, so nothing new is queued. Pay it on the billing page to go on.")


def told(request: HttpRequest, level: int, sentence: str, status: int = 200) -> HttpResponse:
    """Say what came of it: as a notice beside the page, or on the page that follows."""
    if not is_fragment(request):
        messages.add_message(request, level, sentence)
        return redirect(back(request))
    tone = "ok" if level == messages.SUCCESS else "warn"
    response = render(request, "partials/notice.html", {"tone": tone, "text": sentence}, status=status)
    response["HX-Trigger"] = "queue-changed"
    return response


def back(request: HttpRequest, *, again: str = "") -> str:
    """The page as it stood. `again` is a message that was taken back and stands in the form; it is named once, so that
    sending it leads to an empty form."""
    query = request.GET.copy()
    query.pop("again", None)
    if again:
        query["again"] = again
    return f"{reverse('onlyfans')}?{query.urlencode()}" if query else reverse("onlyfans")


def tagged(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """A fragment with an ETag over what it shows; unchanged content answers 304 and the page stays as it is."""
    shown = repr(
        [context, get_language(), request.META["QUERY_STRING"], sorted(principal_of(request).capabilities)]
    )
    etag = f'"{hashlib.sha256(shown.encode()).hexdigest()[:32]}"'
    if request.headers.get("If-None-Match") == etag:
        response = HttpResponse(status=304)
    else:
        response = render(request, template, context | {"etag": etag})
    response["ETag"] = etag
    patch_vary_headers(response, ["HX-Request", "HX-Request-Type"])
    return response


def asked_account(request: HttpRequest) -> PlatformAccount:
    return account_of(principal_of(request).creator_ids, Platform.ONLYFANS, request.GET.get("account"))
