"""Webhooks in: stored once by the platform's key, answered, then applied by a worker, forwards only."""
import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import structlog
from django.db import transaction

from accounts.models import PlatformAccount
from huntaze.kernel import clock, context, metrics, outbox
from huntaze.kernel.jobs import enqueue
from huntaze.kernel.outbox import Ending, State
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import InboundEvent
from messaging.rules import onlyfans_events as events
from messaging.services import inbound_handlers as handlers

log = structlog.get_logger(__name__)

VENDOR = "onlyfansapi"
LEASE = timedelta(seconds=60)

Handler = Callable[[PlatformAccount, dict[str, Any], datetime], None]
HANDLERS: dict[str, Handler] = {
    "messages.received": handlers.message_received,
    "messages.sent": handlers.message_sent,
    "messages.deleted": handlers.message_deleted,
    "messages.ppv.unlocked": handlers.purchased,
    "tips.received": handlers.tipped,
}


def store(*, body: bytes, event_key: str | None, now: datetime) -> bool:
    """Keep a verified body, once; True when it is new. Raises ValueError when it is not an event."""
    data = json.loads(body.decode("utf-8"))
    if not isinstance(data, dict) or not isinstance(data.get("event"), str):
        raise ValueError("not an event")
    if data["event"] in events.EPHEMERAL:
        return False
    account = events.text_of(data.get("account_id"))
    digest = hashlib.sha256(body).digest()
    key = event_key or hashlib.sha256(f"{account}|{data['event']}|".encode() + body).hexdigest()
    row = InboundEvent(
        vendor=VENDOR,
        event_key=key[:255],
        body_digest=digest,
        event=data["event"][:60],
        account_external_id=account[:100],
        body=body.decode("utf-8"),
        received_at=now,
        available_at=now,
        trace_id=context.trace_id(),
    )
    with transaction.atomic():
        is_new = _insert(row)
        if is_new and InboundEvent.objects.filter(vendor=VENDOR, event_key=row.event_key).count() > 1:
            log.error("messaging.webhook.key_reused", webhook_event=row.event)
        enqueue("messaging.apply_inbound")
    metrics.WEBHOOKS.labels(VENDOR, "stored" if is_new else "repeated").inc()
    return is_new


def _insert(row: InboundEvent) -> bool:
    """Insert unless the key is taken. The row count tells which, so no look comes before the write."""
    before = InboundEvent.objects.filter(uid=row.uid)
    InboundEvent.objects.bulk_create([row], ignore_conflicts=True)
    return before.exists()


def apply_due() -> int:
    """Apply everything that is due; returns how many."""
    with cross_workspace("apply webhooks"):
        return outbox.drain(InboundEvent, _apply, clock=clock.now, lease=LEASE)


def _apply(row: InboundEvent) -> Ending | None:
    data = json.loads(row.body.reveal(), parse_float=Decimal)
    payload = data.get("payload")
    rows = PlatformAccount.objects.present().filter(platform="onlyfans", external_id=row.account_external_id)
    account = rows.select_related("creator").first()
    if account is None:
        return Ending("unclaimed", "no account")
    with context.bind(trace_id=row.trace_id or None), transaction.atomic():
        try:
            _apply_to(account, row, payload if isinstance(payload, dict) else {})
        except events.Unreadable as error:
            metrics.WEBHOOKS.labels(VENDOR, "quarantined").inc()
            return Ending("quarantined", str(error.args[0]))
    metrics.WEBHOOKS.labels(VENDOR, "applied").inc()
    metrics.WEBHOOK_LAG_SECONDS.labels(VENDOR).observe((clock.now() - row.received_at).total_seconds())
    return None


def _apply_to(account: PlatformAccount, row: InboundEvent, payload: dict[str, Any]) -> None:
    if row.event in events.ACCOUNT_EVENTS:
        handlers.account_changed(account, events.ACCOUNT_EVENTS[row.event], row.event, payload, row.received_at)
    elif row.event in HANDLERS:
        HANDLERS[row.event](account, payload, row.received_at)




def apply_again(*, pks: list[int], now: datetime) -> int:
    """Queue events that could not be applied, attempts from the start; returns how many."""
    with transaction.atomic():
        stuck = InboundEvent.objects.filter(pk__in=pks).exclude(state__in=[State.QUEUED, State.WORKING, State.DONE])
        count = stuck.update(state=State.QUEUED, available_at=now, attempts=0)
        enqueue("messaging.apply_inbound")
    return count
