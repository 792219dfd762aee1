"""Taking sent messages back, one call for each, a batch at a time. What was bought is never taken back."""

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal

import structlog
from django.db import transaction

from accounts.types import Platform
from huntaze.kernel import context
from huntaze.kernel.outbox import LeaseLost, State, assert_no_transaction, claim, retry_or_bury, settle
from huntaze.kernel.tenancy import cross_workspace
from huntaze.platforms.errors import Permanent, PlatformError, Transient
from messaging.gateways.registry import gateway
from messaging.models import CampaignUnsend, Delivery, Message
from messaging.services import limits
from messaging.services.news import show_campaigns
from messaging.services.sending.wire import gateway_config
from messaging.types import DeliveryState, Outgoing, UnsendOutcome

log = structlog.get_logger(__name__)

BATCH, LEASE = 20, timedelta(seconds=60)


def unsend_due(*, now: datetime) -> int:
    """One batch; returns how many were looked at: none while the platform has had enough of all of us."""
    if not limits.may_ask():
        return 0
    with cross_workspace("unsend"):
        rows = claim(CampaignUnsend, now=now, limit=BATCH, lease=LEASE)
        found = CampaignUnsend.objects.filter(pk__in=[row.pk for row in rows], lease_token__isnull=False)
        deliveries = {
            row.pk: row.delivery
            for row in found.select_related("delivery__message", "delivery__fan", "delivery__account")
        }
        to_take = [row for row in rows if _can_be_taken(deliveries[row.pk])]
        answers = _ask([deliveries[row.pk] for row in to_take])
        limits.heed(
            (deliveries[row.pk].account_id, answer)
            for row, answer in zip(to_take, answers, strict=True)
            if answer is not None
        )
        by_pk = dict(zip((row.pk for row in to_take), answers, strict=True))
        for row in rows:
            _settle(row, deliveries[row.pk], by_pk.get(row.pk), row.pk in by_pk, now)
        show_campaigns({row.campaign_id for row in rows})
    return len(rows)


def _can_be_taken(delivery: Delivery) -> bool:
    message = delivery.written
    return message.purchased_at is None and bool(message.platform_message_id)


def _ask(deliveries: list[Delivery]) -> list[PlatformError | None]:
    assert_no_transaction()
    return asyncio.run(_calls(deliveries)) if deliveries else []


async def _calls(deliveries: list[Delivery]) -> list[PlatformError | None]:
    async with gateway(Platform.ONLYFANS, gateway_config()) as open_gateway:

        async def one(delivery: Delivery) -> PlatformError | None:
            try:
                with context.bind(trace_id=delivery.trace_id or None):
                    platform_id = delivery.written.platform_message_id or ""
                    await open_gateway.unsend(_order(delivery), platform_id)
            except PlatformError as error:
                return error
            except Exception:  # whatever one of them holds, the others are taken back all the same
                log.exception("messaging.unsend.unexpected")
                return Transient("unexpected")
            return None

        return list(await asyncio.gather(*(one(delivery) for delivery in deliveries)))


def _order(delivery: Delivery) -> Outgoing:
    """Its id names the message; its text may not be readable any more and is not opened."""
    return Outgoing(
        key=delivery.public_id,
        account_external_id=delivery.account.external_id,
        fan_external_id=delivery.fan.platform_user_id,
        text="",
        price=Decimal(0),
        is_locked_text=False,
        media_ids=(),
        trace_id=delivery.trace_id,
    )


def _settle(
    row: CampaignUnsend, delivery: Delivery, error: PlatformError | None, was_asked: bool, now: datetime
) -> None:
    try:
        if not was_asked:
            bought = delivery.written.purchased_at is not None
            _done(row, UnsendOutcome.BOUGHT if bought else UnsendOutcome.UNKNOWN)
        elif error is None or (isinstance(error, Permanent) and error.code == "not_found"):
            _removed(row, delivery, now)
        elif isinstance(error, Permanent) and error.code == "too_late":
            _done(row, UnsendOutcome.TOO_LATE)
        else:
            retry_or_bury(row, now=now, error=error.code)
    except LeaseLost:
        log.info("messaging.unsend.lease_lost")


def _done(row: CampaignUnsend, outcome: UnsendOutcome) -> None:
    settle(row, state=State.DONE, outcome=outcome, last_error="")


def _removed(row: CampaignUnsend, delivery: Delivery, now: datetime) -> None:
    with transaction.atomic():
        _done(row, UnsendOutcome.REMOVED)
        Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.SENT).update(state=DeliveryState.UNSENT)
        Message.objects.filter(pk=delivery.written.pk, deleted_at=None).update(deleted_at=now)
