"""Queueing one message: who and what is checked first, then everything is written in one transaction."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from django.db import transaction

from accounts.models import PlatformAccount
from accounts.selectors import account_of
from accounts.services import audit
from accounts.types import Platform
from huntaze.kernel import context, crypto
from huntaze.kernel.api.principal import Principal
from huntaze.kernel.errors import FieldError, Invalid
from huntaze.kernel.limiter import Outlook
from huntaze.kernel.money import to_minor
from messaging.errors import UnknownFan
from messaging.models import Conversation, Delivery, Fan, Message
from messaging.rules import content, estimates, lanes
from messaging.rules.prices import currency_of
from messaging.selectors import COUNTED, fan_of
from messaging.services import engine, limits
from messaging.types import AuthorKind, DeliveryState, Direction, Queued, SendCommand

#: How far ahead a message may be planned.
FURTHEST = timedelta(days=366)
#: What is assumed of an account's slots while Redis can't tell.
UNKNOWN = Outlook((), 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked command with the rows it concerns and what the limiter said; nothing has been written."""

    command: SendCommand
    account: PlatformAccount
    fan: Fan
    outlook: Outlook


def plan_send(*, principal: Principal, command: SendCommand, now: datetime) -> Plan:
    """Check a command; raises Invalid, UnknownFan, or NotFound for somebody else's account."""
    faults = list(content.faults(command))
    scheduled = command.scheduled_at
    if scheduled is not None and scheduled > now + FURTHEST:
        faults.append(FieldError("scheduledAt", "Plan at most a year ahead."))
    if faults:
        raise Invalid(*faults)
    account, fan = _recipient(principal, command)
    return Plan(command, account, fan, limits.outlook(account.pk) or UNKNOWN)


def _recipient(principal: Principal, command: SendCommand) -> tuple[PlatformAccount, Fan]:
    """A `fan_…` id names its account by itself; a platform's id needs the account."""
    if command.account_id is None and command.recipient_id.startswith("fan_"):
        fan = fan_of(principal.creator_ids, command.recipient_id)
        account: PlatformAccount = fan.account
    else:
        account = account_of(principal.creator_ids, Platform.ONLYFANS, command.account_id)
        fan = fan_of(principal.creator_ids, command.recipient_id, account=account)
    if not fan.can_receive:
        raise UnknownFan("This fan can't receive messages")
    return account, fan


def queue_message(*, plan: Plan, principal: Principal, now: datetime) -> Queued:
    """Write message, delivery and audit row in the caller's transaction; nudges the senders after commit."""
    command, account = plan.command, plan.account
    message = _write_message(plan, principal, now)
    lane = lanes.lane_of(command.priority)
    limit = limits.limit()
    releases, before = engine.occupancy(
        account.pk, lane=lane, priority=command.priority, window=limit.window, most=COUNTED
    )
    outlook = replace(plan.outlook, releases=releases)
    wait = estimates.wait_seconds(limit=limit, outlook=outlook, lane=lane, before=before)
    due = max(command.scheduled_at or now, now)
    delivery = Delivery.objects.create(
        account=account,
        fan=plan.fan,
        message=message,
        state=DeliveryState.SCHEDULED if due > now else DeliveryState.QUEUED,
        lane=lane,
        priority=command.priority,
        available_at=due,
        queued_at=now,
        promised_at=max(due, now + timedelta(seconds=wait)),
        trace_id=context.trace_id(),
    )
    audit.record(
        workspace_id=message.workspace_id,
        actor=audit.Actor.member(principal.user_pk, principal.member_pk, principal.key_pk),
        action="message.queued",
        now=now,
        target=message.public_id,
        changes={"account": account.public_id, "fan": plan.fan.public_id, "priority": command.priority},
    )
    transaction.on_commit(partial(limits.poke, [(account.pk, lane)]))
    return Queued(message.public_id, DeliveryState(delivery.state), now, delivery.promised_at)


def _write_message(plan: Plan, principal: Principal, now: datetime) -> Message:
    command = plan.command
    conversation, _ = Conversation.objects.get_or_create(fan=plan.fan, defaults={"account": plan.account})
    currency = currency_of(plan.account.platform)
    return Message.objects.create(
        account=plan.account,
        conversation=conversation,
        direction=Direction.OUTBOUND,
        author_kind=AuthorKind.API if principal.key_pk else AuthorKind.HUMAN,
        author_id=principal.member_pk,
        approved_by_id=principal.member_pk,
        approved_at=now,
        text=command.content,
        text_digest=text_digest(command.content),
        price_minor=to_minor(command.price or Decimal(0), currency),
        currency=currency,
        is_locked_text=command.is_locked_text,
        media_ids=list(command.media_ids),
        created_at=now,
    )


def text_digest(text: str) -> bytes:
    """Keyed digest for finding a text without storing it in the clear."""
    return crypto.blind_index(content.normalised(text), purpose="message-text")
