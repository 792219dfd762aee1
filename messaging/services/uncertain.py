"""Finding out what happened to messages that may or may not have arrived."""

import asyncio
from datetime import datetime, timedelta
from uuid import uuid4

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.types import Platform
from huntaze.kernel import context, metrics
from huntaze.kernel.crypto import DecryptionFailed
from huntaze.kernel.limiter import Lane
from huntaze.kernel.outbox import LeaseLost, assert_no_transaction, settle
from huntaze.kernel.tenancy import cross_workspace
from huntaze.platforms.errors import PlatformError, Transient
from messaging.gateways.onlyfansapi import SLACK
from messaging.gateways.registry import gateway, keeps_keys
from messaging.models import Delivery, Message
from messaging.rules.outcomes import may_replay, unreadable
from messaging.services import credits, limits
from messaging.services.fans import touch
from messaging.services.news import show_queues, tell_ended
from messaging.services.sending.outgoing import outgoing_of
from messaging.services.sending.wire import gateway_config
from messaging.types import DeliveryState, Outgoing

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
ASK_AGAIN = timedelta(seconds=60)
#: The platform keeps a key for 24 hours; after this much we no longer count on it.
KEY_LIFE = timedelta(hours=23)
#: Chats asked at once; in one run as many batches as are due, to this many rows: a lost sender leaves a thousand.
BATCH, MOST = 50, 400
#: Messages that the chat may show without our knowing which of its rows they are.
OPEN = (
    Q(state__in=[DeliveryState.UNCERTAIN, DeliveryState.SENDING])
    | Q(state__in=[DeliveryState.QUEUED, DeliveryState.SCHEDULED, DeliveryState.HELD], replays__gt=0)
    | Q(state=DeliveryState.SENT, message__platform_message_id=None)
)


def resolve_uncertain(*, now: datetime) -> int:
    """Look uncertain messages up in their chats, a batch at a time; returns how many were looked up.

    Ends early when the platform answers for none of a batch: more questions would only be more load. Nothing is asked
    while the platform has had enough of all of us.
    """
    done, is_answering = 0, True
    with cross_workspace("resolve uncertain"):
        while is_answering and done < MOST and limits.may_ask() and (rows := _claim(now)):
            is_answering = _ask(rows, now)
            done += len(rows)
    return done


def _claim(now: datetime) -> list[Delivery]:
    """Lease rows whose time to ask has come; the lease is `available_at` moved ahead, the state stays uncertain."""
    with transaction.atomic():
        due = Delivery.objects.filter(state=DeliveryState.UNCERTAIN, needs_lookup=True, available_at__lte=now)
        rows = list(due.order_by("available_at").select_for_update(of=("self",), skip_locked=True)[:BATCH])
        token = uuid4()
        pks = [row.pk for row in rows]
        Delivery.objects.filter(pk__in=pks).update(available_at=now + LEASE, lease_token=token)
    return list(Delivery.objects.filter(pk__in=pks, lease_token=token).with_everything()) if pks else []


def _ask(rows: list[Delivery], now: datetime) -> bool:
    """Whether the platform answered for any of them."""
    assert_no_transaction()
    messages = {row.pk: message for row in rows if (message := _opened(row)) is not None}
    asked = [row for row in rows if row.pk in messages]
    answers = asyncio.run(_lookups([messages[row.pk] for row in asked]))
    limits.heed(
        (row.account_id, answer)
        for row, answer in zip(asked, answers, strict=True)
        if isinstance(answer, PlatformError)
    )
    twins = {
        row.pk for row in asked if _has_twin(row)
    }  # before any is settled, so that all of them see each other
    for row, found in zip(asked, answers, strict=True):
        try:
            with context.bind(trace_id=row.trace_id or None), transaction.atomic():
                _settle(row, found, now, has_twin=row.pk in twins)
        except LeaseLost:
            log.info("messaging.uncertain.lease_lost")
        except IntegrityError:  # the platform's own report took the id meanwhile; the next look-up sees that
            log.info("messaging.uncertain.id_taken")
    return not all(isinstance(found, PlatformError) for found in answers)


def _opened(row: Delivery) -> Outgoing | None:
    """What to look for; a row whose text can't be opened is for a person and holds up no other."""
    try:
        return outgoing_of(row)
    except DecryptionFailed:
        log.exception("messaging.uncertain.unreadable")
    try:
        settle(row, needs_lookup=False, last_error=unreadable().code)
    except LeaseLost:
        log.info("messaging.uncertain.lease_lost")
    return None


def _has_twin(row: Delivery) -> bool:
    """Whether another message to the fan may be the one that the chat shows: same text, and its fate open too, or
    sent without our knowing its id. What was sent for good before this one's first attempt is not looked at."""
    twins = Delivery.objects.filter(OPEN, fan_id=row.fan_id, message__text_digest=row.written.text_digest)
    if row.first_attempt_at is not None:
        twins = twins.exclude(state=DeliveryState.SENT, message__sent_at__lt=row.first_attempt_at - 2 * SLACK)
    return twins.exclude(pk=row.pk).exists()


async def _lookups(messages: list[Outgoing]) -> list[list[str] | PlatformError]:
    """Candidates in each chat, or why the platform could not be asked."""
    async with gateway(Platform.ONLYFANS, gateway_config()) as open_gateway:

        async def one(message: Outgoing) -> list[str] | PlatformError:
            try:
                return await open_gateway.find(message)
            except PlatformError as error:
                return error
            except Exception:  # whatever one chat holds, the others are looked up all the same
                log.exception("messaging.uncertain.unexpected")
                return Transient("unexpected")

        return list(await asyncio.gather(*(one(message) for message in messages)))


def _settle(row: Delivery, found: list[str] | PlatformError, now: datetime, *, has_twin: bool) -> None:
    """Several equal messages can't be told apart in a chat; their keys can tell them apart."""
    if isinstance(found, PlatformError):
        is_hopeless = not _is_within_key_life(row, now)
        settle(row, available_at=now + ASK_AGAIN, needs_lookup=not is_hopeless)
        return
    taken = Message.objects.filter(account_id=row.account_id, platform_message_id__in=found)
    free = sorted(set(found) - set(taken.values_list("platform_message_id", flat=True)))
    if len(free) == 1 and not has_twin:
        sent_at = row.dispatched_at or now
        settle(row, state=DeliveryState.SENT, needs_lookup=False, last_error="", answered_at=now)
        Message.objects.filter(pk=row.written.pk).update(platform_message_id=free[0], sent_at=sent_at)
        touch(row.written.conversation_id, sent_at)
        credits.end([row.pk])
        tell_ended([row.pk])
        metrics.UNCERTAIN_RESOLVED.labels("lookup").inc()
    elif (not free or has_twin) and _may_replay(row, now):
        settle(row, state=DeliveryState.QUEUED, needs_lookup=False, available_at=now, replays=row.replays + 1)
        transaction.on_commit(lambda: limits.poke([(row.account_id, Lane(row.lane))]))
        metrics.UNCERTAIN_RESOLVED.labels("replay").inc()
    else:
        settle(row, needs_lookup=False)
        show_queues([row.account_id])
        metrics.UNCERTAIN_RESOLVED.labels("open").inc()


def _is_within_key_life(row: Delivery, now: datetime) -> bool:
    return now - (row.first_attempt_at or now) < KEY_LIFE


def _may_replay(row: Delivery, now: datetime) -> bool:
    is_fresh = _is_within_key_life(row, now)
    return may_replay(
        code=row.last_error,
        replays=row.replays,
        is_within_key_life=is_fresh,
        keeps_keys=keeps_keys(Platform(row.account.platform), gateway_config()),
    )
