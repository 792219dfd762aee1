"""Pages of campaigns: the list, one with its progress, the form it is written in."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import PlatformAccount
from accounts.selectors import account_of, reachable_accounts
from accounts.selectors.creator_switch import creator_switch
from accounts.services.audit import Actor
from accounts.types import Platform
from huntaze.kernel import clock, ratelimit
from huntaze.kernel.errors import Invalid, NotFound, TookTooLong
from huntaze.kernel.money import Money
from huntaze.kernel.web import page, principal_of
from messaging.errors import WrongState
from messaging.forms.campaigns import PRESET_WORDS, CampaignForm, initial_of, part_of
from messaging.models import Campaign
from messaging.rules.campaigns import EDITABLE
from messaging.rules.presets import PRESETS
from messaging.rules.prices import currency_of
from messaging.selectors.campaign_pages import SHOWS, audiences_of, campaign_list, deeds_of
from messaging.selectors.campaigns import campaign_of, content_hash
from messaging.selectors.dashboard import PERIODS
from messaging.services.audiences import kept_segment, known_segment
from messaging.services.campaigns import edit
from messaging.services.campaigns.approve import second_person
from messaging.services.campaigns.estimate import Estimate, estimate
from messaging.services.campaigns.preview import cost_of, previews
from messaging.services.campaigns.progress import progress
from messaging.types import DeliveryState as D
from messaging.views.common import tagged

#: Who types for a minute without a pause comes to a hundred; each looks through all fans of an account.
ESTIMATES_A_MINUTE = 120


@page("queue.view")
@require_safe
def marketing(request: HttpRequest) -> HttpResponse:
    """Campaigns of all accounts in reach, or of one creator's."""
    accounts = reachable_accounts(principal_of(request).creator_ids, Platform.ONLYFANS)
    switch = creator_switch((row.creator for row in accounts), request.GET.get("creator"))
    accounts = [row for row in accounts if switch.holds(row.creator)]
    show = request.GET.get("show", "")
    show = show if show in SHOWS else "open"
    state = next((one for one in SHOWS[show] if one == request.GET.get("state")), None)
    days = next((days for days in PERIODS if str(days) == request.GET.get("days")), None)
    since = clock.now() - timedelta(days=days) if days else None
    listing = campaign_list(accounts, show, request.GET.get("after", ""), state, since)
    context = {"listing": listing, "show": show, "state": state, "days": days}
    context |= {"accounts": accounts, "creator_switch": switch}
    return render(request, "messaging/marketing.html", context)


@page("queue.view")
@require_safe
def campaign(request: HttpRequest, campaign_id: str) -> HttpResponse:
    return shown(request, campaign_of(principal_of(request).creator_ids, campaign_id))


def shown(request: HttpRequest, row: Campaign, status: int = 200) -> HttpResponse:
    """One campaign's page: how far it is, what it says to real fans, who gets it, and what may be done."""
    who, now = principal_of(request), clock.now()
    context = steps_of(row, who.member_pk)
    if who.can("campaigns.edit"):
        try:
            context["previews"] = previews(campaign=row, now=now)
        except NotFound:
            context["previews"] = None
    return render(request, "messaging/campaign.html", context, status=status)


@page("queue.view")
@require_safe
def campaign_steps(request: HttpRequest, campaign_id: str) -> HttpResponse:
    """What may be done with it now, for the page that has seen it move."""
    who = principal_of(request)
    row = campaign_of(who.creator_ids, campaign_id)
    return render(request, "messaging/_campaign_steps.html", steps_of(row, who.member_pk))


def steps_of(row: Campaign, member_pk: int) -> dict[str, Any]:
    return progress_of(row) | {
        "content_hash": content_hash(row),
        "second": _second(row, member_pk),
        "cost": cost_of(row, clock.now()) if row.started_at is None else None,
        "can_edit": row.state in EDITABLE,
    }


def _second(row: Campaign, member_pk: int) -> str:
    planned = int((row.plan or {}).get("planned", 0))
    return second_person(row, approver_pk=row.approved_by_id or member_pk, recipients=planned)


@page("queue.view")
@require_safe
def campaign_progress(request: HttpRequest, campaign_id: str) -> HttpResponse:
    """The figures alone, for the page that watches them; it is told when other steps have become possible."""
    found = progress_of(campaign_of(principal_of(request).creator_ids, campaign_id))
    response = tagged(request, "messaging/_campaign_progress.html", found)
    if request.GET.get("seen") != found["seen"]:
        response["HX-Trigger"] = "campaign-moved"
    return response


def progress_of(row: Campaign) -> dict[str, Any]:
    found = progress(row, clock.now())
    count = found.figures.count
    figures = {"waiting": count(D.QUEUED, D.SCHEDULED, D.HELD), "sending": count(D.SENDING), "sent": count(D.SENT),
               "uncertain": count(D.UNCERTAIN), "failed": count(D.FAILED), "cancelled": count(D.CANCELLED),
               "unsent": count(D.UNSENT), "bought": found.figures.bought}  # fmt: skip
    finished = found.planned - figures["waiting"] - figures["sending"] if row.started_at else 0
    # What the steps beside the figures depend on.
    seen = [
        row.state,
        *(bool(x) for x in (row.planned_at, row.approved_at, figures["failed"], figures["sent"])),
    ]
    revenue = Money(row.price_minor * figures["bought"], row.currency) if row.price_minor else None
    excluded = found.figures.excluded or (row.plan or {}).get("excluded_by", {})
    return {"campaign": row, "progress": found, "figures": figures, "finished": finished,
            "excluded": sorted(excluded.items()), "deeds": deeds_of(row), "revenue": revenue,
            "seen": "-".join(str(part) for part in seen)}  # fmt: skip


@page("campaigns.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """The form; what is stored is a draft, and nothing is sent."""
    accounts = reachable_accounts(principal_of(request).creator_ids, Platform.ONLYFANS)
    wanted = request.GET.get("account")
    if not accounts:
        return redirect("marketing")
    account = (
        account_of(principal_of(request).creator_ids, Platform.ONLYFANS, wanted) if wanted else accounts[0]
    )
    return _form(request, account, accounts=accounts)


@page("campaigns.edit")
@require_POST
def audience(request: HttpRequest) -> HttpResponse:
    """Who would get what stands in the form. A POST, because texts have no place in an address; stores nothing."""
    who = principal_of(request)
    key = request.POST.get("campaign")
    row = campaign_of(who.creator_ids, key) if key else None
    account = (
        row.account if row else account_of(who.creator_ids, Platform.ONLYFANS, request.POST.get("account"))
    )
    context: dict[str, Any] = {"estimate": None}
    if ratelimit.take(f"estimate:{who.user_pk}", limit=ESTIMATES_A_MINUTE).allowed:
        try:
            context["estimate"] = _estimate(request, account, row)
        except TookTooLong:
            context["is_late"] = True
    else:
        context["is_late"] = True
    return render(request, "messaging/_campaign_audience.html", context)


def _estimate(request: HttpRequest, account: PlatformAccount, row: Campaign | None) -> Estimate | None:
    """What stands in the form comes to; None before an audience is chosen."""
    form = CampaignForm(audiences_of(account), request.POST)
    form.is_valid()
    if "audience" not in form.cleaned_data:
        return None
    draft = form.draft(account, _included(form, account), edit.draft_of(row) if row else None)
    return estimate(account=account, draft=draft, campaign=row, now=clock.now())


def _included(form: CampaignForm, account: PlatformAccount) -> dict[str, str]:
    """A ready-made audience is its segment once it has one, because people may change that."""
    if not form.preset:
        return part_of(form.cleaned_data["audience"])
    segment = known_segment(account, str(PRESET_WORDS[form.preset]))
    return {"segment": segment.public_id} if segment else {"preset": form.preset}


@page("campaigns.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, campaign_id: str) -> HttpResponse:
    row = campaign_of(principal_of(request).creator_ids, campaign_id)
    return _form(request, row.account, row=row)


def _form(
    request: HttpRequest, account: PlatformAccount, row: Campaign | None = None, **more: Any
) -> HttpResponse:
    audiences = audiences_of(account)
    initial = initial_of(row) if row else {"language": get_language()}
    form = CampaignForm(audiences, request.POST or None, initial=initial)
    status = 200
    if request.method == "POST":
        status = 422
        saved = _saved(request, form, account, row) if form.is_valid() else None
        if saved is not None:
            messages.success(
                request, _("The campaign is saved. Nothing is sent before it is approved and launched.")
            )
            return redirect("campaign", saved.public_id)
    context = {
        "form": form,
        "account": account,
        "campaign": row,
        "currency": currency_of(account.platform),
    } | more
    return render(request, "messaging/campaign_form.html", context, status=status)


def _saved(
    request: HttpRequest, form: CampaignForm, account: PlatformAccount, row: Campaign | None
) -> Campaign | None:
    """The stored campaign, or None with what was wrong on the form."""
    who, now = principal_of(request), clock.now()
    actor = Actor.of(who)
    include = part_of(form.cleaned_data["audience"])
    if preset := form.preset:
        segment = kept_segment(
            account=account, name=str(PRESET_WORDS[preset]), conditions=PRESETS[preset], actor=actor, now=now
        )
        include = {"segment": segment.public_id}
    draft = form.draft(account, include, edit.draft_of(row) if row else None)
    try:
        if row is None:
            return edit.make(account=account, draft=draft, member_pk=who.member_pk, actor=actor, now=now)
        return edit.change(campaign=row, draft=draft, member_pk=who.member_pk, actor=actor, now=now)
    except Invalid as error:
        form.add_faults(list(error.errors))
    except WrongState:
        form.add_error(None, _("It has begun, so it can't be changed any more."))
    return None
