"""The loop behind every campaign: start those whose turn has come, end those that are through, mend what slipped by."""

from datetime import datetime, timedelta
from functools import partial

import structlog
from django.db import transaction
from django.db.models import Q

from accounts.services.audit import Actor
from huntaze.kernel import clock
from huntaze.kernel.crypto import DecryptionFailed
from huntaze.kernel.limiter import Outlook
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from messaging.models import Campaign, CampaignUnsend, Delivery
from messaging.rules.campaigns import (
    MANY_FAILURES,
    STOP_LEAST,
    has_too_many_failures,
    sent_that_would_clear,
)
from messaging.services.campaigns import rows, steer
from messaging.services.campaigns.expand import expand, take_turn
from messaging.services.campaigns.pace import release
from messaging.services.campaigns.record import record
from messaging.services.campaigns.texts import UNREADABLE
from messaging.services.news import tell_finished
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
                expand(campaign_pk=pk, now=clock.of_database())
                started += 1
        states = (CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.UNSENDING)
        for pk, workspace_pk in [*_in(*states), *_lately_over(now)]:
            with workspace_scope(workspace_pk):
                _look_after(pk, now)
    return started


def _due(now: datetime) -> list[tuple[int, int]]:
    """In the order in which they get their account's turn."""
    found = Campaign.objects.filter(state=CampaignState.SCHEDULED, launch_at__lte=now).order_by(
        "launch_at", "pk"
    )
    return list(found.values_list("pk", "workspace_id")[:1000])


def _in(*states: CampaignState) -> list[tuple[int, int]]:
    return list(Campaign.objects.filter(state__in=states).order_by("pk").values_list("pk", "workspace_id"))


def _lately_over(now: datetime) -> list[tuple[int, int]]:
    over = [CampaignState.CANCELLED, CampaignState.FAILED]
    found = Campaign.objects.filter(state__in=over, ended_at__gte=now - LOOKED_AFTER)
    return list(found.values_list("pk", "workspace_id"))


def _look_after(campaign_pk: int, now: datetime) -> None:
    outlook = _outlook(campaign_pk)
    step = partial(_one_round, campaign_pk, outlook, now)
    rows.go_on(step, step())


def _one_round(campaign_pk: int, outlook: Outlook | None, now: datetime) -> int:
    """What the campaign's state asks for, one batch of rows at most, under the campaign's lock; returns how many rows
    were moved. Nothing when somebody else has the lock."""
    with transaction.atomic():
        found = Campaign.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
        campaign = found.filter(pk=campaign_pk).first()
        if campaign is None:
            return 0
        if campaign.state == CampaignState.RUNNING:
            return _run(campaign, outlook, now)
        if campaign.state == CampaignState.PAUSED:
            return rows.hold(campaign_pk)
        if campaign.state == CampaignState.UNSENDING:
            return _unsend(campaign, now)
        if campaign.state in {CampaignState.CANCELLED, CampaignState.FAILED}:
            return rows.withdraw(campaign_pk)
        return 0


def _outlook(campaign_pk: int) -> Outlook | None:
    """Its account's slots, where rows of a running campaign wait to be queued again; asked before the transaction."""
    held = Delivery.objects.filter(campaign=campaign_pk, state=DeliveryState.HELD)
    campaign = Campaign.objects.filter(pk=campaign_pk, state=CampaignState.RUNNING).first()
    return steer.outlook_for(campaign) if campaign and held.exists() else None


def _run(campaign: Campaign, outlook: Outlook | None, now: datetime) -> int:
    if _has_too_many_failures(campaign):
        return _pause(campaign, now)
    held = Delivery.objects.filter(campaign=campaign, state=DeliveryState.HELD)
    if held.exists():  # above a cap, or set aside while it was paused, after it had been resumed
        if _is_unreadable(campaign):
            _end(campaign, CampaignState.FAILED, UNREADABLE, now)
            return rows.withdraw(campaign.pk)
        if outlook is None:
            return 0  # they came a moment ago and are seen by the next round
        return release(campaign, outlook, now)
    if not Delivery.objects.filter(_OPEN, campaign=campaign).exists():
        _end(campaign, CampaignState.DONE, "", now)
    return 0


def _has_too_many_failures(campaign: Campaign) -> bool:
    """Counted since a person last let it go on, and no further than the answer needs."""
    ended = Delivery.objects.filter(campaign=campaign)
    if campaign.judged_from is not None:
        ended = ended.filter(dispatched_at__gte=campaign.judged_from)
    failed = ended.filter(state=DeliveryState.FAILED).count()
    if failed < STOP_LEAST:
        return False
    sent = ended.filter(state=DeliveryState.SENT)[: sent_that_would_clear(failed)].count()
    return has_too_many_failures(failed=failed, sent=sent)


def _pause(campaign: Campaign, now: datetime) -> int:
    Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.PAUSED, state_reason=MANY_FAILURES)
    record(campaign, Actor.system(), "paused", now, {"reason": MANY_FAILURES})
    log.warning("messaging.campaign.stopped", reason=MANY_FAILURES)
    return rows.hold(campaign.pk)


def _is_unreadable(campaign: Campaign) -> bool:
    try:
        campaign.text.reveal()
    except DecryptionFailed:
        return True
    return False


def _unsend(campaign: Campaign, now: datetime) -> int:
    """What was on the wire when it was to be taken back is sent a moment later, and taken back as well."""
    moved = rows.withdraw(campaign.pk) + rows.unsend(campaign.pk, now)
    is_open = CampaignUnsend.objects.filter(campaign=campaign, state__in=["queued", "working"]).exists()
    if not moved and not is_open and not Delivery.objects.filter(_OPEN, campaign=campaign).exists():
        _end(campaign, CampaignState.UNSENT, "", now)
    return moved


def _end(campaign: Campaign, state: CampaignState, reason: str, now: datetime) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(state=state, state_reason=reason, ended_at=now)
    record(campaign, Actor.system(), str(state), now, {"reason": reason} if reason else None)
    tell_finished(campaign, state=str(state), reason=reason, now=now)
    log.info("messaging.campaign.ended", state=str(state))
