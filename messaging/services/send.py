"""Queueing one message: who and what is checked first, then everything is written in one transaction."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import transaction

from accounts.selectors import account_of
from accounts.services import audit
from accounts.types import Platform
from huntaze.kernel import context, crypto, ids, metrics, sql
from huntaze.kernel.api.principal import Principal
from huntaze.kernel.errors import FieldError, Invalid, NotAllowed
from huntaze.kernel.limiter import Lane, Outlook
from huntaze.kernel.money import to_minor
from huntaze.kernel.tenancy import refuse_foreign
from messaging.errors import UnknownFan
from messaging.models import Conversation, Delivery, Message
from messaging.rules import content, estimates, lanes
from messaging.rules.prices import currency_of
from messaging.selectors.recipients import recipient_of
from messaging.services import credits, limits
from messaging.services.news import show_queues
from messaging.types import AuthorKind, DeliveryState, Direction, Queued, Recipient, SendCommand

#: How far ahead a message may be planned.
FURTHEST = timedelta(days=366)
#: What is assumed of an account's slots while Redis can't tell.
UNKNOWN = Outlook((), 0.0, 0.0)

_QUEUE = """
WITH written AS (
    INSERT INTO messaging_message (
           uid, workspace_id, account_id, conversation_id, direction, author_kind, author_id, approved_by_id,
           approved_at, text, text_digest, price_minor, currency, is_locked_text, media_ids, created_at)
    VALUES (%(message)s, %(workspace)s, %(account)s, %(conversation)s, %(direction)s, %(author_kind)s, %(member)s,
            %(member)s, %(now)s, %(text)s, %(digest)s, %(price)s, %(currency)s, %(is_locked)s, %(media)s::jsonb,
            %(now)s)
    RETURNING id
)
INSERT INTO messaging_delivery (
       uid, workspace_id, account_id, fan_id, message_id, state, lane, priority, available_at, attempts, last_error,
       queued_at, promised_at, needs_lookup, replays, trace_id, reservation_id, credit_state)
SELECT %(delivery)s, %(workspace)s, %(account)s, %(fan)s, id, %(state)s, %(lane)s, %(priority)s, %(due)s, 0, '',
       %(now)s, %(promised)s, false, 0, %(trace)s,
       nextval(pg_get_serial_sequence('billing_reservation', 'id')), 'reserved'
  FROM written
RETURNING reservation_id
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked command, whom it concerns and when it would go; nothing has been written."""

    command: SendCommand
    recipient: Recipient
    lane: Lane
    wait: timedelta


def plan_send(*, principal: Principal, command: SendCommand, now: datetime) -> Plan:
    """Check a command; raises Invalid, UnknownFan, NotFound for somebody else's account.

    NotAllowed for staff who look through a member's eyes: they never say anything in somebody's name."""
    if principal.acting_pk is not None:
        raise NotAllowed
    faults = list(content.faults(command))
    scheduled = command.scheduled_at
    if scheduled is not None and scheduled > now + FURTHEST:
        faults.append(FieldError("scheduledAt", "Plan at most a year ahead."))
    if faults:
        raise Invalid(*faults)
    recipient, lane = _recipient(principal, command), lanes.lane_of(command.priority)
    found = limits.prospect(recipient.account_pk, lane=lane, priority=command.priority)
    wait = estimates.wait_seconds(limit=limits.limit(), outlook=found.outlook, lane=lane, before=found.before)
    metrics.LIMITER_WAIT_SECONDS.labels(str(recipient.platform)).observe(wait)
    return Plan(command, recipient, lane, timedelta(seconds=wait))


def _recipient(principal: Principal, command: SendCommand) -> Recipient:
    """A `fan_…` id names its account by itself; a platform's id needs the account."""
    reach, account = principal.creator_ids, None
    if command.account_id is not None or not command.recipient_id.startswith("fan_"):
        account = account_of(reach, Platform.ONLYFANS, command.account_id)
    found = recipient_of(reach, command.recipient_id, account)
    if not found.can_receive:
        raise UnknownFan("This fan can't receive messages")
    return found


def queue_message(
    *, plan: Plan, principal: Principal, now: datetime, hold: timedelta = timedelta(0)
) -> Queued:
    """Write message, delivery and audit row in the caller's transaction and set its credit aside; nudges the senders
    after commit. It waits at least for `hold`, so that it can be taken back. Raises CreditsExhausted, ReadOnlyAccess.
    """
    command, to = plan.command, plan.recipient
    refuse_foreign(to.workspace_pk)
    due = max(command.scheduled_at or now, now + hold)
    state = DeliveryState.SCHEDULED if due > now else DeliveryState.QUEUED
    promised_at, message, delivery = max(due, now + plan.wait), ids.uuid7(), ids.uuid7()
    place: dict[str, Any] = {
        "message": message,
        "delivery": delivery,
        "workspace": to.workspace_pk,
        "account": to.account_pk,
        "conversation": to.conversation_pk or _conversation(to),
        "fan": to.fan_pk,
        "direction": str(Direction.OUTBOUND),
        "author_kind": str(AuthorKind.API if principal.key_pk else AuthorKind.HUMAN),
        "member": principal.member_pk,
        "state": str(state),
        "lane": str(plan.lane),
        "priority": command.priority,
        "now": now,
        "due": due,
        "promised": promised_at,
        "trace": context.trace_id(),
    }
    currency = currency_of(to.platform)
    said = {
        "text": crypto.encrypt(
            command.content, workspace_id=to.workspace_pk, aad=f"{Message._meta.db_table}:text:{message}"
        ),
        "digest": text_digest(command.content),
        "price": to_minor(command.price or Decimal(0), currency),
        "currency": currency,
        "is_locked": command.is_locked_text,
        "media": json.dumps(command.media_ids),
    }
    written = sql.row(_QUEUE, place | said)
    assert written is not None
    message_id = ids.encode(Message.PREFIX, message)
    priced = {"price": f"{command.price} {currency}"} if command.price else {}
    audit.record(
        workspace_id=to.workspace_pk,
        actor=audit.Actor.of(principal),
        action="message.queued",
        now=now,
        target=message_id,
        changes={"account": to.account_id, "fan": to.fan_id, "priority": command.priority} | priced,
    )
    ref = credits.of_delivery(ids.encode(Delivery.PREFIX, delivery))
    credits.set_aside(workspace_pk=to.workspace_pk, quantity=1, ref=ref, key=written[0], now=now)
    transaction.on_commit(partial(limits.poke, [(to.account_pk, plan.lane)]))
    show_queues([to.account_pk])
    return Queued(message_id, state, now, promised_at)


def _conversation(to: Recipient) -> int:
    account = {"workspace_id": to.workspace_pk, "account_id": to.account_pk}
    conversation, _ = Conversation.objects.get_or_create(fan_id=to.fan_pk, defaults=account)
    return int(conversation.pk)


def text_digest(text: str) -> bytes:
    """Keyed digest for finding a text without storing it in the clear."""
    return crypto.blind_index(content.normalised(text), purpose="message-text")
