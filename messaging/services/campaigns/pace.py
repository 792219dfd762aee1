"""Queueing a campaign's waiting rows: all of them, or as many as its caps leave room for.

Rows above a cap wait as `held`; each round of `tend` queues what has room by then. So the senders know nothing of it:
what is queued may go, other accounts and other messages wait for nobody, and any number of pumps can't exceed it.
The caller holds the campaign's lock, or two of them would use the same room. A row that a person queues again by
hand takes its place in the window like any other, and does not wait for one.
"""

from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from huntaze.kernel.limiter import Lane, Outlook
from messaging.models import Campaign, Delivery
from messaging.rules import estimates
from messaging.rules.pacing import leaves_after
from messaging.selectors import campaign_pace
from messaging.services import limits
from messaging.services.campaigns import funds, rows
from messaging.types import CreditState, DeliveryState


def promise(campaign: Campaign, outlook: Outlook, count: int, now: datetime, *, others: int = 0) -> datetime:
    """When the last of so many waiting messages leaves, as the account's slots and the campaign's caps look, with so
    many `others` before them in the lane."""
    limit, before = limits.limit(), max(0, count - 1)
    wait = estimates.wait_seconds(limit=limit, outlook=outlook, lane=Lane.BULK, before=before + others)
    ends_at = now + timedelta(seconds=wait)
    step = timedelta(seconds=limit.window / limit.count)
    used = campaign_pace.used(campaign)
    for place, one in enumerate(used):
        caps = [each.cap for each in used[: place + 1]]
        number = one.left + before
        ends_at = max(ends_at, (one.since or now) + leaves_after(number, caps, step))
    return ends_at


def release(campaign: Campaign, outlook: Outlook, now: datetime) -> int:
    """Queue held rows of a running campaign that are paid for, one batch at most; returns how many. Wakes the senders
    after commit."""
    funds.pay(campaign, now)
    room = campaign_pace.room(campaign)
    most = rows.BATCH if room is None else min(rows.BATCH, room)
    waiting = Delivery.objects.filter(campaign=campaign, state=DeliveryState.HELD)
    held = waiting.exclude(credit_state=CreditState.WANTED).count()
    count = held if room is None else min(held, most)
    if not count:
        return 0
    transaction.on_commit(partial(limits.poke, [(campaign.account_id, Lane.BULK)]))
    promised_at = promise(campaign, outlook, count, now)
    return rows.queue(campaign.pk, promised_at=promised_at, now=now, most=most)
