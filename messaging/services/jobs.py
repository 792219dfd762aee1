"""Long work of messaging on the page of jobs: campaigns, and fans that are being read in."""

from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Q

from accounts.models import PlatformAccount
from accounts.selectors.jobs import MOST, JobLine, JobState
from accounts.services.audit import Actor
from huntaze.kernel.api.principal import Principal
from huntaze.kernel.errors import NotAllowed
from messaging.models import Campaign, Delivery
from messaging.rules.campaigns import may
from messaging.selectors.campaigns import campaign_of, campaigns_of
from messaging.services.campaigns import steer
from messaging.types import CampaignState, DeliveryState

S = CampaignState
_STATES = {
    S.SCHEDULED: JobState.WAITING,
    S.PLANNING: JobState.RUNNING,
    S.RUNNING: JobState.RUNNING,
    S.PAUSED: JobState.PAUSED,
    S.UNSENDING: JobState.RUNNING,
    S.DONE: JobState.DONE,
    S.UNSENT: JobState.DONE,
    S.FAILED: JobState.FAILED,
    S.CANCELLED: JobState.CANCELLED,
}
#: What has been counted to its end: a row in one of these moves no more by itself.
_WAITS = (DeliveryState.HELD, DeliveryState.SCHEDULED, DeliveryState.QUEUED, DeliveryState.SENDING)


def campaigns(principal: Principal, now: datetime) -> list[JobLine]:
    """Campaigns that were launched, of creators whom the member reaches."""
    if not principal.can("queue.view"):
        return []
    rows = campaigns_of(principal.creator_ids).filter(state__in=list(_STATES))
    found = list(rows.order_by("-pk")[:MOST])
    under_way = [row.pk for row in found if _STATES[S(row.state)] in {JobState.RUNNING, JobState.PAUSED}]
    figures = _figures(under_way)
    may_stop = principal.can("queue.manage")
    return [_line(row, figures.get(row.pk), may_stop) for row in found]


def _figures(pks: list[int]) -> dict[int, dict[str, Any]]:
    """Rows of the campaigns under way, counted in one query by the index over campaign and state."""
    rows = Delivery.objects.filter(campaign__in=pks).order_by().values("campaign")
    waiting = Q(state__in=[str(state) for state in _WAITS])
    counted = rows.annotate(
        total=Count("pk"),
        waiting=Count("pk", filter=waiting),
        failed=Count("pk", filter=Q(state=DeliveryState.FAILED)),
        ends_at=Max("promised_at", filter=Q(state=DeliveryState.QUEUED)),
    )
    return {row["campaign"]: row for row in counted}


def _line(row: Campaign, figures: dict[str, Any] | None, may_stop: bool) -> JobLine:
    state = _STATES[S(row.state)]
    planned = int((row.plan or {}).get("planned", 0)) or None
    return JobLine(
        id=row.public_id,
        kind="campaign",
        title=row.name,
        state=state,
        asked_at=row.started_at or row.launch_at or row.created_at,
        done=figures["total"] - figures["waiting"] if figures else (planned or 0) * (state is JobState.DONE),
        total=figures["total"] if figures else planned,
        failed=figures["failed"] if figures else 0,
        ends_at=figures["ends_at"] if figures and state is JobState.RUNNING else None,
        ended_at=row.ended_at,
        can_cancel=may_stop and may("cancel", row.state),
    )


def first_syncs(principal: Principal, now: datetime) -> list[JobLine]:
    """Accounts whose fans have not been read in yet."""
    if not principal.can("creators.view"):
        return []
    rows = PlatformAccount.objects.sending().for_creators(principal.creator_ids)
    waiting = rows.filter(platform="onlyfans", last_synced_at=None).order_by("-pk")[:MOST]
    return [
        JobLine(account.public_id, "fans", str(account), JobState.RUNNING, account.connected_at)
        for account in waiting
    ]


def stop_campaign(principal: Principal, job_id: str, now: datetime) -> None:
    """What has not left is withdrawn; raises NotAllowed, UnknownCampaign, WrongState."""
    campaign = campaign_of(principal.creator_ids, job_id)
    if not principal.can("queue.manage"):
        raise NotAllowed
    steer.cancel(campaign=campaign, actor=Actor.of(principal), now=now)
