"""The loop behind every campaign: start those whose turn has come, end those that are through, mend what slipped by."""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q

from accounts.services.audit import Actor
from huntaze.kernel import clock
from huntaze.kernel.limiter import Outlook
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from messaging.models import Campaign, CampaignUnsend, Delivery
from messaging.services.campaigns import steer
from messaging.services.campaigns.expand import expand, take_turn
from messaging.services.campaigns.record import record
from messaging.services.campaigns.texts import UNREADABLE
from messaging.types import CampaignState, DeliveryState

log = structlog.get_logger(__name__)

#: Rows of a campaign that can still move by themselves.
_OPEN = Q(
    state__in=[DeliveryState.QUEUED, DeliveryState.SCHEDULED, DeliveryState.SENDING, DeliveryState.HELD]
) | Q(state=DeliveryState.UNCERTAIN, needs_lookup=True)
#: For so long after its end a campaign's strays are looked for; later ones are caught when they are claimed.
LOOKED_AFTER = timedelta(hours=1)


def tend(*, now: datetime) -> int:
    """One round over all workspaces; returns how many campaigns were started."""
    started = 0
    with cross_workspace("campaigns"):
        for pk, workspace_pk in _due(now):
            with workspace_scope(workspace_pk):
                take_turn(pk)
        for pk, workspace_pk in _in(CampaignState.PLANNING):
            with workspace_scope(workspace_pk):
                expand(campaign_pk=pk, now=clock.now())
                started += 1
        states = (CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.UNSENDING)
        for pk, workspace_pk in [*_in(*states), *_lately_over(now)]:
            with workspace_scope(workspace_pk):
                _look_after(pk, now)
    return started


def _due(now: datetime) -> list[tuple[int, int]]:
    """In the order in which they get their account's turn."""
    rows = Campaign.objects.filter(state=CampaignState.SCHEDULED, launch_at__lte=now).order_by(
        "launch_at", "pk"
    )
    return list(rows.values_list("pk", "workspace_id")[:1000])


def _in(*states: CampaignState) -> list[tuple[int, int]]:
    return list(Campaign.objects.filter(state__in=states).order_by("pk").values_list("pk", "workspace_id"))


def _lately_over(now: datetime) -> list[tuple[int, int]]:
    over = [CampaignState.CANCELLED, CampaignState.FAILED]
    rows = Campaign.objects.filter(state__in=over, ended_at__gte=now - LOOKED_AFTER)
    return list(rows.values_list("pk", "workspace_id"))


def _look_after(campaign_pk: int, now: datetime) -> None:
    outlook = _outlook(campaign_pk)
    with transaction.atomic():
        rows = Campaign.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
        campaign = rows.filter(pk=campaign_pk).first()
        if campaign is None:
            return
        deliveries = Delivery.objects.filter(campaign=campaign)
        if campaign.state == CampaignState.RUNNING:
            _run(campaign, outlook, now)
        elif campaign.state == CampaignState.PAUSED:
            deliveries.filter(state__in=steer.WAITING).update(state=DeliveryState.HELD)
        elif campaign.state == CampaignState.UNSENDING:
            _unsend(campaign, now)
        elif campaign.state in {CampaignState.CANCELLED, CampaignState.FAILED}:
            steer.withdraw(campaign)


def _outlook(campaign_pk: int) -> Outlook | None:
    """Its account's slots, where rows of a running campaign wait to be queued again; asked before the transaction."""
    held = Delivery.objects.filter(campaign=campaign_pk, state=DeliveryState.HELD)
    campaign = Campaign.objects.filter(pk=campaign_pk, state=CampaignState.RUNNING).first()
    return steer.outlook_for(campaign) if campaign and held.exists() else None


def _run(campaign: Campaign, outlook: Outlook | None, now: datetime) -> None:
    held = Delivery.objects.filter(campaign=campaign, state=DeliveryState.HELD)
    if held.filter(last_error=UNREADABLE).exists():
        _end(campaign, CampaignState.FAILED, UNREADABLE, now)
        steer.withdraw(campaign)
    elif held.exists():  # set aside while it was paused, after it had been resumed
        if outlook is not None:  # else they came a moment ago and are seen by the next round
            steer.requeue(campaign, DeliveryState.HELD, outlook, now)
    elif not Delivery.objects.filter(_OPEN, campaign=campaign).exists():
        _end(campaign, CampaignState.DONE, "", now)


def _unsend(campaign: Campaign, now: datetime) -> None:
    if not CampaignUnsend.objects.filter(campaign=campaign, state__in=["queued", "working"]).exists():
        _end(campaign, CampaignState.UNSENT, "", now)


def _end(campaign: Campaign, state: CampaignState, reason: str, now: datetime) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(state=state, state_reason=reason, ended_at=now)
    record(campaign, Actor.system(), str(state), now, {"reason": reason} if reason else None)
    log.info("messaging.campaign.ended", state=str(state))
