"""Holding a campaign in hand while it runs: pause, resume, cancel, retry what failed, take back what was sent.

The row's state is the order: whatever is claimed after it has changed is set aside by `texts.write_texts`, so these
need not catch every delivery themselves; they move what waits, for the figures to be true at once.
"""

from datetime import datetime
from functools import partial
from typing import Any

from django.db import IntegrityError, connection, transaction

from accounts.services import audit
from huntaze.kernel.jobs import enqueue
from huntaze.kernel.limiter import Lane, Outlook
from messaging.errors import TurnTaken, WrongState
from messaging.models import Campaign, CampaignUnsend, Delivery
from messaging.rules.campaigns import HAS_TURN
from messaging.services import limits
from messaging.services.campaigns.expand import promise
from messaging.services.campaigns.record import record, taken
from messaging.services.send import UNKNOWN
from messaging.types import CampaignState, DeliveryState

WAITING = (DeliveryState.QUEUED, DeliveryState.SCHEDULED)

# A row that was being repeated after an uncertain outcome may have arrived: it is not cancelled, it is uncertain.
_CANCEL = """
UPDATE messaging_delivery SET state = CASE WHEN replays > 0 THEN 'uncertain' ELSE 'cancelled' END, needs_lookup = false
 WHERE campaign_id = %(campaign)s AND state IN ('queued', 'scheduled', 'held')
"""

_UNSENDS = """
INSERT INTO messaging_campaignunsend (
       workspace_id, campaign_id, delivery_id, state, outcome, available_at, attempts, last_error)
SELECT d.workspace_id, d.campaign_id, d.id, 'queued', '', %(now)s, 0, ''
  FROM messaging_delivery d
 WHERE d.campaign_id = %(campaign)s AND d.state = 'sent'
 ORDER BY d.id DESC
    ON CONFLICT DO NOTHING
"""


def pause(*, campaign: Campaign, actor: audit.Actor, now: datetime) -> Campaign:
    """Nothing of it leaves any more, but for what is on the wire; raises WrongState."""
    with transaction.atomic():
        row = taken(campaign, "pause")
        _move(row, CampaignState.PAUSED)
        Delivery.objects.filter(campaign=row, state__in=WAITING).update(state=DeliveryState.HELD)
        record(row, actor, "paused", now)
    return row


def outlook_for(campaign: Campaign) -> Outlook:
    """What `resume` and `retry_failed` promise by. Asks Redis: before any transaction."""
    return limits.outlook(campaign.account_id) or UNKNOWN


def resume(*, campaign: Campaign, outlook: Outlook, actor: audit.Actor, now: datetime) -> Campaign:
    """Go on; raises WrongState, TurnTaken while another campaign of the account runs."""
    with transaction.atomic():
        row = taken(campaign, "resume")
        _take_turn(row)
        requeue(row, DeliveryState.HELD, outlook, now)
        record(row, actor, "resumed", now)
    return row


def cancel(*, campaign: Campaign, actor: audit.Actor, now: datetime) -> Campaign:
    """Withdraw everything that has not left, for good; raises WrongState."""
    with transaction.atomic():
        row = taken(campaign, "cancel")
        _move(row, CampaignState.CANCELLED, ended_at=now)
        cancelled = withdraw(row)
        record(row, actor, "cancelled", now, {"messages": cancelled})
    return row


def withdraw(campaign: Campaign) -> int:
    """Cancel the rows that wait; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_CANCEL, {"campaign": campaign.pk})
        return int(cursor.rowcount)


def retry_failed(
    *, campaign: Campaign, outlook: Outlook, actor: audit.Actor, now: datetime
) -> tuple[Campaign, int]:
    """Queue the dead letters again, attempts kept; returns how many. Raises WrongState, TurnTaken."""
    with transaction.atomic():
        row = taken(campaign, "retry")
        failed = Delivery.objects.filter(campaign=row, state=DeliveryState.FAILED)
        if row.state == CampaignState.PAUSED:
            count = failed.update(state=DeliveryState.HELD)
        else:
            if row.state == CampaignState.DONE and failed.exists():
                _take_turn(row)
            count = requeue(row, DeliveryState.FAILED, outlook, now)
        record(row, actor, "retried", now, {"messages": count})
    return row, count


def unsend(*, campaign: Campaign, actor: audit.Actor, now: datetime) -> tuple[Campaign, int]:
    """Take back what was sent, the newest first; what was bought stays. Returns how many are tried."""
    with transaction.atomic():
        row = taken(campaign, "unsend")
        withdraw(row)
        values: dict[str, Any] = {"campaign": row.pk, "now": now}
        with connection.cursor() as cursor:
            cursor.execute(_UNSENDS, values)
            count = int(cursor.rowcount)
        if not CampaignUnsend.objects.filter(campaign=row).exists():
            raise WrongState("Nothing of this campaign was sent", status=row.state)
        _move(row, CampaignState.UNSENDING, ended_at=now)
        record(row, actor, "unsend_started", now, {"messages": count})
        enqueue("messaging.unsend_campaigns")
    return row, count


def requeue(campaign: Campaign, state: DeliveryState, outlook: Outlook, now: datetime) -> int:
    """Queue a campaign's rows of one state, with a new promise; wakes the senders after commit."""
    rows = Delivery.objects.filter(campaign=campaign, state=state)
    promised = promise(outlook, rows.count(), now)
    count = rows.update(
        state=DeliveryState.QUEUED, available_at=now, queued_at=now, promised_at=promised, needs_lookup=False
    )
    transaction.on_commit(partial(limits.poke, [(campaign.account_id, Lane.BULK)]))
    return count


def _take_turn(campaign: Campaign) -> None:
    others = Campaign.objects.filter(account=campaign.account_id, state__in=HAS_TURN).exclude(pk=campaign.pk)
    if others.exists():
        raise TurnTaken
    try:
        with transaction.atomic():
            _move(campaign, CampaignState.RUNNING, ended_at=None)
    except IntegrityError as error:
        raise TurnTaken from error


def _move(campaign: Campaign, state: CampaignState, **changes: Any) -> None:
    changes |= {"state": state, "state_reason": ""}
    Campaign.objects.filter(pk=campaign.pk).update(**changes)
    for name, value in changes.items():
        setattr(campaign, name, value)
