"""What is done with a campaign by a button: counted, approved, launched, paused, resumed, cancelled, taken back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.services.audit import Actor
from huntaze.kernel import clock
from huntaze.kernel.errors import Conflict, Invalid, NotAllowed
from huntaze.kernel.web import page, principal_of
from messaging.errors import ApprovalRequired, TurnTaken
from messaging.models import Campaign
from messaging.selectors.campaigns import campaign_of
from messaging.services.campaigns import approve, edit, launch, plan, steer
from messaging.views.campaigns import shown


@dataclass(frozen=True, slots=True)
class Deed:
    """The capability it asks for, the service, and the sentence afterwards."""

    capability: str
    do: Callable[..., Any]
    said: str | Promise
    needs_member: bool = False
    needs_outlook: bool = False


DEEDS = {
    "plan": Deed("campaigns.edit", plan.plan, gettext_lazy("The audience is counted.")),
    "approve": Deed(
        "campaigns.launch",
        approve.approve,
        gettext_lazy("The campaign is approved as it is."),
        needs_member=True,
    ),
    "launch": Deed(
        "campaigns.launch", launch.launch, gettext_lazy("The campaign is launched."), needs_member=True
    ),
    "pause": Deed(
        "queue.manage", steer.pause, gettext_lazy("The campaign is paused: nothing of it leaves any more.")
    ),
    "resume": Deed(
        "campaigns.launch", steer.resume, gettext_lazy("The campaign goes on."), needs_outlook=True
    ),
    "cancel": Deed("queue.manage", steer.cancel, gettext_lazy("What has not left is withdrawn.")),
    "retry": Deed(
        "queue.manage",
        steer.retry_failed,
        gettext_lazy("The failed messages are queued again."),
        needs_outlook=True,
    ),
    "unsend": Deed(
        "campaigns.launch", steer.unsend, gettext_lazy("What was sent is being taken back, the newest first.")
    ),
    "delete": Deed("campaigns.edit", edit.delete, gettext_lazy("The draft is deleted.")),
    "copy": Deed(
        "campaigns.edit", edit.copy, gettext_lazy("This is a copy: a draft of its own."), needs_member=True
    ),
}


@page("queue.view")
@require_POST
def deed(request: HttpRequest, campaign_id: str, deed: str) -> HttpResponse:
    """One deed; a refusal answers 409 with the page as it is now."""
    if deed not in DEEDS:
        raise Http404
    who = principal_of(request)
    row = campaign_of(who.creator_ids, campaign_id)
    if not who.can(DEEDS[deed].capability):
        raise NotAllowed
    try:
        done = DEEDS[deed].do(
            campaign=row, actor=Actor.of(who), now=clock.now(), **_more(request, DEEDS[deed], deed, row)
        )
    except (Conflict, Invalid) as error:
        messages.warning(request, _refusal(error))
        return shown(request, campaign_of(who.creator_ids, campaign_id), status=409)
    messages.success(request, str(DEEDS[deed].said))
    return redirect("marketing") if deed == "delete" else redirect("campaign", _next(deed, done, campaign_id))


def _next(deed: str, done: Any, campaign_id: str) -> str:
    return str(done.public_id) if deed == "copy" else campaign_id


def _more(request: HttpRequest, wanted: Deed, deed: str, row: Campaign) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if wanted.needs_member:
        more["member_pk"] = principal_of(request).member_pk
    if wanted.needs_outlook:
        more["outlook"] = steer.outlook_for(row)
    if deed == "copy":
        more["name"] = _("Copy of %(name)s") % {"name": row.name}
    if deed == "approve":
        more["agreed_hash"] = request.POST.get("content_hash", "")[:71]
    return more


def _refusal(error: Conflict | Invalid) -> str:
    if isinstance(error, Invalid):
        return _("It can't be copied any more: its text or its audience is gone.")
    if isinstance(error, TurnTaken):
        return _("Another campaign is running on this account. It has to be over or paused first.")
    if isinstance(error, ApprovalRequired):
        return _("It was changed since you looked, or somebody else has to approve it. Look at it again.")
    return _("The campaign has moved on meanwhile; this is how it stands now.")
