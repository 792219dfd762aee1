"""A campaign's turn: its audience becomes deliveries, and rows that say who was left out, in the database.

One statement whatever the number: 100,000 fans never pass through this process, and both halves see the same moment.
Killed in the middle, nothing is there and the campaign is still planning; done twice, the unique constraints leave
nothing to the second.
"""

from datetime import datetime
from functools import partial

import structlog
from django.db import IntegrityError, connection, transaction

from accounts.services.audit import Actor
from billing.errors import ReadOnlyAccess
from billing.services.entitlements import require
from billing.services.ledger import reservations
from billing.types import Feature
from huntaze.kernel import sql
from huntaze.kernel.limiter import Lane, Outlook
from messaging.models import Campaign
from messaging.rules.campaigns import HAS_TURN, NO_CREDITS, UNPAID
from messaging.selectors.audiences import ANY_NUMBER, OVER_CAP, by_turn, counts
from messaging.selectors.campaign_pace import caps
from messaging.selectors.campaigns import content_hash
from messaging.services import limits
from messaging.services.campaigns import funds, rows
from messaging.services.campaigns.approve import second_person
from messaging.services.campaigns.edit import void_approval
from messaging.services.campaigns.pace import promise, release
from messaging.services.campaigns.record import record
from messaging.services.news import show_queues
from messaging.services.send import UNKNOWN
from messaging.types import CampaignState, DeliveryState

log = structlog.get_logger(__name__)

_WRITE = """
WITH found (fan_id, excluded_by) AS MATERIALIZED (
    {audience}
), audience (fan_id, excluded_by) AS MATERIALIZED (
    SELECT fan_id,
           CASE WHEN excluded_by = '' AND count(*) FILTER (WHERE excluded_by = '') OVER (ROWS UNBOUNDED PRECEDING) > %s
                THEN '{over_cap}' ELSE excluded_by END
      FROM found
), left_out AS (
    INSERT INTO messaging_campaignexclusion (workspace_id, campaign_id, fan_id, reason)
    SELECT c.workspace_id, c.id, a.fan_id, a.excluded_by
      FROM audience a JOIN messaging_campaign c ON c.id = %s
     WHERE a.excluded_by <> ''
        ON CONFLICT DO NOTHING
)
INSERT INTO messaging_delivery (
       uid, workspace_id, account_id, fan_id, campaign_id, state, lane, priority, available_at, attempts, last_error,
       queued_at, promised_at, needs_lookup, replays, trace_id, reservation_id, credit_state)
SELECT huntaze_uuid7(), c.workspace_id, c.account_id, a.fan_id, c.id, %s, 'bulk', c.priority, %s, 0, '',
       %s, %s, false, 0, c.trace_id, %s, 'reserved'
  FROM audience a JOIN messaging_campaign c ON c.id = %s
 WHERE a.excluded_by = ''
    ON CONFLICT DO NOTHING
"""


class _NotApproved(Exception):
    def __init__(self, reason: str, state: CampaignState) -> None:
        self.reason, self.state = reason, state
        super().__init__(reason)


def take_turn(campaign_pk: int) -> bool:
    """Scheduled → planning, unless another campaign has the account's turn; the unique index decides races."""
    waiting = Campaign.objects.filter(pk=campaign_pk, state=CampaignState.SCHEDULED)
    busy = Campaign.objects.filter(state__in=HAS_TURN, account__in=waiting.values("account"))
    try:
        with transaction.atomic():
            return not busy.exists() and bool(waiting.update(state=CampaignState.PLANNING))
    except IntegrityError:
        return False


def expand(*, campaign_pk: int, now: datetime) -> int:
    """Planning → running; returns how many deliveries were queued. Does nothing for a campaign in another state,
    or when somebody else is at it."""
    planning = Campaign.objects.filter(pk=campaign_pk, state=CampaignState.PLANNING)
    account_pk = planning.values_list("account_id", flat=True).first()
    if account_pk is None:
        return 0
    outlook = limits.outlook(account_pk) or UNKNOWN
    try:
        with transaction.atomic():
            campaign = planning.select_for_update(of=("self",), no_key=True, skip_locked=True).first()
            return _expand(campaign, outlook, now) if campaign else 0
    except _NotApproved as refusal:
        _send_back(campaign_pk, refusal, now)
        return 0
    except ReadOnlyAccess:
        planning.update(state_reason=UNPAID)
        return 0


def _expand(campaign: Campaign, outlook: Outlook, now: datetime) -> int:
    if campaign.approved_hash != content_hash(campaign):
        raise _NotApproved("approval_void", CampaignState.DRAFT)
    require(workspace_id=campaign.workspace_id, feature=Feature.MESSAGES, now=now, quantity=0)
    expected, reservation = counts(campaign, now).get("", 0), reservations.new_key()
    queued = write_rows(campaign, now, promise(campaign, outlook, expected, now), reservation)
    if second_person(campaign, approver_pk=campaign.approved_by_id, recipients=queued) == "missing":
        raise _NotApproved("second_person_needed", CampaignState.AWAITING_APPROVAL)
    paid = funds.reserve_for(campaign, queued, reservation, now)
    if paid < queued:
        rows.set_back(campaign.pk, reservation=reservation, keep=paid)
    campaign.state, campaign.started_at = CampaignState.RUNNING, now
    campaign.state_reason = NO_CREDITS if paid < queued else ""
    campaign.save(update_fields=["state", "started_at", "state_reason"])
    release(campaign, outlook, now)
    record(campaign, Actor.system(), "started", now, {"queued": paid, "held": queued - paid})
    transaction.on_commit(partial(_go, campaign.account_id, queued))
    return queued


def write_rows(campaign: Campaign, now: datetime, promised: datetime, reservation: int) -> int:
    """A delivery for everybody, those who were active last first, and a reason for everybody who is left out. They are
    queued, or set aside where the campaign has caps, to be released by those.

    `promised` is the campaign's end, for all of them, `reservation` pays for them. Returns how many deliveries were
    made.
    """
    meant, params = by_turn(campaign, now).values("pk", "excluded_by").query.sql_with_params()
    with connection.cursor() as cursor:
        most = campaign.most_recipients or ANY_NUMBER
        state = DeliveryState.HELD if caps(campaign) else DeliveryState.QUEUED
        values = [*params, most, campaign.pk, str(state), now, now, promised, reservation, campaign.pk]
        cursor.execute(_WRITE.format(audience=meant, over_cap=OVER_CAP), values)
        return int(cursor.rowcount)


def _go(account_pk: int, queued: int) -> None:
    """Fresh rows without statistics make the planner read whole tables; then wake the senders."""
    sql.analyze("messaging_delivery")
    limits.poke([(account_pk, Lane.BULK)])
    show_queues([account_pk])
    log.info("messaging.campaign.started", queued=queued)


def _send_back(campaign_pk: int, refusal: _NotApproved, now: datetime) -> None:
    """What was approved is not what would be sent: nothing goes until somebody has looked again."""
    with transaction.atomic():
        rows = Campaign.objects.select_for_update(of=("self",), no_key=True)
        campaign = rows.filter(pk=campaign_pk, state=CampaignState.PLANNING).first()
        if campaign is None:
            return
        void_approval(campaign)
        campaign.state, campaign.state_reason = refusal.state, refusal.reason
        campaign.launch_at, campaign.launched_by_id = None, None
        campaign.save()
        record(campaign, Actor.system(), "sent_back", now, {"reason": refusal.reason})
