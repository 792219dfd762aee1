"""Holding a campaign in hand while it runs: pause, resume, cancel, retry what failed, take back what was sent.

The row's state is the order: whatever is claimed after it has changed is set aside by `texts.write_texts`, so these
need not catch every delivery themselves; they move what waits, for the figures to be true soon.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction

from accounts.services import audit
from huntaze.kernel.jobs import enqueue
from huntaze.kernel.limiter import Outlook
from messaging.errors import TurnTaken, WrongState
from messaging.models import Campaign, CampaignUnsend, Delivery
from messaging.rules.campaigns import HAS_TURN
from messaging.selectors.campaign_pace import caps
from messaging.services import limits
from messaging.services.campaigns import rows
from messaging.services.campaigns.pace import release
from messaging.services.campaigns.record import record, taken
from messaging.services.news import tell_finished
from messaging.services.send import UNKNOWN
from messaging.types import CampaignState, DeliveryState

NOT_LEFT = (DeliveryState.QUEUED, DeliveryState.SCHEDULED, DeliveryState.HELD)


def pause(*, campaign: Campaign, actor: audit.Actor, now: datetime) -> Campaign:
    """Nothing of it leaves any more, but for what is on the wire; raises WrongState."""
    with transaction.atomic():
        row = taken(campaign, "pause")
        _move(row, CampaignState.PAUSED)
        _all(partial(rows.hold, row.pk))
        record(row, actor, "paused", now)
    return row


def outlook_for(campaign: Campaign) -> Outlook:
    """What `resume` and `retry_failed` promise by. Asks Redis: before any transaction."""
    return limits.outlook(campaign.account_id) or UNKNOWN


def resume(*, campaign: Campaign, outlook: Outlook, actor: audit.Actor, now: datetime) -> Campaign:
    """Go on; raises WrongState, TurnTaken while another campaign of the account runs."""
    with transaction.atomic():
        row = taken(campaign, "resume")
        _take_turn(row, now)
        _go_on(row, outlook, now)
        record(row, actor, "resumed", now)
    return row


def cancel(*, campaign: Campaign, actor: audit.Actor, now: datetime) -> Campaign:
    """Withdraw everything that has not left, for good; raises WrongState."""
    with transaction.atomic():
        row = taken(campaign, "cancel")
        waiting = Delivery.objects.filter(campaign=row, state__in=NOT_LEFT).count()
        _move(row, CampaignState.CANCELLED, ended_at=now)
        _all(partial(rows.withdraw, row.pk))
        record(row, actor, "cancelled", now, {"messages": waiting})
        tell_finished(row, state=str(CampaignState.CANCELLED), reason="", now=now)
    return row


def retry_failed(
    *, campaign: Campaign, outlook: Outlook, actor: audit.Actor, now: datetime
) -> tuple[Campaign, int]:
    """Queue the dead letters again, attempts kept; returns how many. Raises WrongState, TurnTaken."""
    with transaction.atomic():
        row = taken(campaign, "retry")
        count = Delivery.objects.filter(campaign=row, state=DeliveryState.FAILED).count()
        if count and row.state == CampaignState.DONE:
            _take_turn(row, now)
        _all(partial(rows.hold_failed, row.pk))
        if count and row.state == CampaignState.RUNNING:
            _go_on(row, outlook, now)
        record(row, actor, "retried", now, {"messages": count})
    return row, count


def unsend(*, campaign: Campaign, actor: audit.Actor, now: datetime) -> tuple[Campaign, int]:
    """Take back what was sent, the newest first; what was bought stays. Returns how many are tried."""
    with transaction.atomic():
        row = taken(campaign, "unsend")
        count = Delivery.objects.filter(campaign=row, state=DeliveryState.SENT, unsend=None).count()
        if not count and not CampaignUnsend.objects.filter(campaign=row).exists():
            raise WrongState("Nothing of this campaign was sent", status=row.state)
        _move(row, CampaignState.UNSENDING, ended_at=now)
        _all(partial(rows.withdraw, row.pk))
        _all(partial(rows.unsend, row.pk, now))
        record(row, actor, "unsend_started", now, {"messages": count})
        enqueue("messaging.unsend_campaigns")
    return row, count


def _go_on(campaign: Campaign, outlook: Outlook, now: datetime) -> None:
    """Queue what is set aside. Where caps hold, room is used under the campaign's lock only: `tend` does the rest."""
    step = partial(release, campaign, outlook, now)
    if caps(campaign):
        step()
    else:
        _all(step)


def _all(step: Callable[[], int]) -> None:
    """One batch in the caller's transaction, so that the figures of most campaigns are true at once; the others, each
    by itself, after it."""
    done = step()
    if done >= rows.BATCH:
        transaction.on_commit(lambda: rows.go_on(step, done) and None)


def _take_turn(campaign: Campaign, now: datetime) -> None:
    others = Campaign.objects.filter(account=campaign.account_id, state__in=HAS_TURN).exclude(pk=campaign.pk)
    if others.exists():
        raise TurnTaken
    try:
        with transaction.atomic():
            _move(campaign, CampaignState.RUNNING, ended_at=None, judged_from=now)
    except IntegrityError as error:
        raise TurnTaken from error


def _move(campaign: Campaign, state: CampaignState, **changes: Any) -> None:
    changes |= {"state": state, "state_reason": ""}
    Campaign.objects.filter(pk=campaign.pk).update(**changes)
    for name, value in changes.items():
        setattr(campaign, name, value)
