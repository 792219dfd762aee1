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
from accounts.types import AccountState
from huntaze.kernel import clock, context, metrics, outbox
from huntaze.kernel.jobs import enqueue
from huntaze.kernel.outbox import Ending, NotYet, State
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from messaging.models import InboundEvent
from messaging.rules import onlyfans_events as events
from messaging.services import inbound_handlers as handlers

log = structlog.get_logger(__name__)

VENDOR = "onlyfansapi"
LEASE = timedelta(seconds=60)

#: A handler returns False when a part of the event waits for other news.
Handler = Callable[[PlatformAccount, dict[str, Any], datetime], bool | None]
HANDLERS: dict[str, Handler] = {
    "messages.received": handlers.message_received,
    "messages.sent": handlers.message_sent,
    "messages.deleted": handlers.message_deleted,
    "messages.ppv.unlocked": handlers.purchased,
    "tips.received": handlers.tipped,
}


def store(*, body: bytes, event_key: str | None, now: datetime) -> bool:
    """Keep a verified body, once; True when it is new. Raises ValueError when it is not an event."""
    data = _parsed(body)
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


def _parsed(body: bytes) -> dict[str, Any]:
    """Raises ValueError, also for nesting that the parser does not follow and for what no column takes (NUL)."""
    try:
        data = json.loads(body.decode("utf-8"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(data, dict) or not isinstance(data.get("event"), str):
        raise ValueError("not an event")
    account = data.get("account_id")
    if "\0" in data["event"] or (isinstance(account, str) and account and not events.text_of(account)):
        raise ValueError("not an event")
    return data


def _insert(row: InboundEvent) -> bool:
    """Insert unless the key is taken. The row count tells which, so no look comes before the write."""
    before = InboundEvent.objects.filter(uid=row.uid)
    InboundEvent.objects.bulk_create([row], ignore_conflicts=True)
    return before.exists()


def apply_due(*, time: Callable[[], datetime] = clock.now) -> int:
    """Apply everything that is due by this clock; returns how many."""
    with cross_workspace("apply webhooks"):
        return outbox.drain(InboundEvent, _apply, clock=time, lease=LEASE)


def _apply(row: InboundEvent) -> Ending | None:
    data = json.loads(row.body.reveal(), parse_float=Decimal)
    payload = data.get("payload")
    payload = payload if isinstance(payload, dict) else {}
    account = _account_of(row, payload)
    if account is None:
        return Ending("unclaimed", "no account")
    try:
        with (
            workspace_scope(account.workspace_id),
            context.bind(trace_id=row.trace_id or None),
            transaction.atomic(),
        ):
            is_complete = _apply_to(account, row, payload)
    except handlers.ErasedFan:
        row.body = "{}"
        row.save(update_fields=["body"])
        metrics.WEBHOOKS.labels(VENDOR, "erased").inc()
        return Ending(State.DONE, "erased")
    except events.Unreadable as error:
        metrics.WEBHOOKS.labels(VENDOR, "quarantined").inc()
        return Ending("quarantined", str(error.args[0]))
    if not is_complete:
        raise NotYet
    metrics.WEBHOOKS.labels(VENDOR, "applied").inc()
    metrics.WEBHOOK_LAG_SECONDS.labels(VENDOR).observe((clock.now() - row.received_at).total_seconds())
    return None


def _account_of(row: InboundEvent, payload: dict[str, Any]) -> PlatformAccount | None:
    """The account that the event speaks of. A disconnected one hears of nothing but its own return."""
    rows = PlatformAccount.objects.filter(platform="onlyfans", external_id=row.account_external_id)
    present: PlatformAccount | None = rows.present().select_related("creator").first()
    if present is not None or row.event not in events.RETURNS:
        return present
    last: PlatformAccount | None = rows.select_related("creator").order_by("-state_changed_at", "-pk").first()
    is_its_own = row.event == "accounts.reconnected" or (
        last is not None and payload.get("client_reference_id") == last.public_id
    )
    return last if is_its_own else None


def _apply_to(account: PlatformAccount, row: InboundEvent, payload: dict[str, Any]) -> bool:
    """False when a part waits for news that is still on its way; what could be written is written."""
    if row.event in events.ACCOUNT_EVENTS:
        gone_at = account.state_changed_at if account.state == AccountState.DISCONNECTED else None
        handlers.account_changed(
            account, events.ACCOUNT_EVENTS[row.event], row.event, payload, row.received_at
        )
        if gone_at is not None and account.state == AccountState.CONNECTED:
            _claim_missed(account, gone_at)
    elif row.event in HANDLERS:
        return HANDLERS[row.event](account, payload, row.received_at) is not False
    return True


def _claim_missed(account: PlatformAccount, since: datetime) -> None:
    """An account came back: what was told about it meanwhile is applied after all."""
    missed = InboundEvent.objects.filter(
        state="unclaimed", account_external_id=account.external_id, received_at__gte=since
    )
    missed.update(state=State.QUEUED, available_at=clock.now(), attempts=0)


def apply_again(*, pks: list[int], now: datetime) -> int:
    """Queue events that could not be applied, attempts from the start; returns how many."""
    with transaction.atomic():
        stuck = InboundEvent.objects.filter(pk__in=pks).exclude(
            state__in=[State.QUEUED, State.WORKING, State.DONE]
        )
        count = stuck.update(state=State.QUEUED, available_at=now, attempts=0)
        enqueue("messaging.apply_inbound")
    return count
