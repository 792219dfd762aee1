"""Telling endpoints what happened: rows in the transaction of what they tell, sent by a worker.

Higher apps hand their events down here; nobody who wants to hear them is asked before a row is written.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef

from accounts.models import WebhookDelivery, WebhookSubscription
from accounts.rules.webhooks import EventKind
from huntaze.kernel import clock, context
from huntaze.kernel.ids import encode, uuid7
from huntaze.kernel.jobs import enqueue


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a workspace. `data` holds public ids, states and times: no names, no texts."""

    workspace_pk: int
    kind: EventKind
    data: Mapping[str, Any]


def event_id(uid: UUID) -> str:
    """How the outside knows an event: the same at every attempt and for every endpoint."""
    return encode("evt", uid)


def has_listeners() -> bool:
    """Whether any endpoint in scope listens to anything; one look at a small index."""
    return WebhookSubscription.objects.filter(disabled_at=None).exists()


def is_heard(workspace: str) -> Exists:
    """Condition for rows whose workspace, in the column of this name, has an endpoint that listens."""
    return Exists(WebhookSubscription.objects.filter(workspace=OuterRef(workspace), disabled_at=None))


def announce(events: Sequence[Event], *, now: datetime) -> int:
    """Queue events for whoever listens, in the caller's transaction; returns how many rows that made."""
    if not events:
        return 0
    pks = {event.workspace_pk for event in events}
    wanted: dict[tuple[int, str], list[WebhookSubscription]] = {}
    for listener in WebhookSubscription.objects.filter(workspace_id__in=pks, disabled_at=None).order_by("pk"):
        for kind in listener.events:
            wanted.setdefault((listener.workspace_id, kind), []).append(listener)
    rows = []
    for event in events:
        uid, listeners = uuid7(), wanted.get((event.workspace_pk, str(event.kind)), [])
        if listeners:
            body = body_of(event.kind, event.data, now)
            rows += [row_of(listener, uid, str(event.kind), body, now) for listener in listeners]
    if rows:
        WebhookDelivery.objects.bulk_create(rows, batch_size=500)
        enqueue("accounts.deliver_webhooks")
    return len(rows)


def announce_one(*, workspace_pk: int, kind: EventKind, data: Mapping[str, Any], now: datetime) -> int:
    return announce([Event(workspace_pk, kind, data)], now=now)


def body_of(kind: str, data: Mapping[str, Any], at: datetime) -> str:
    said = {"type": str(kind), "timestamp": clock.iso(at), "data": dict(data)}
    return json.dumps(said, separators=(",", ":"), default=str)


def row_of(listener: WebhookSubscription, uid: UUID, kind: str, body: str, now: datetime) -> WebhookDelivery:
    return WebhookDelivery(
        workspace_id=listener.workspace_id,
        subscription=listener,
        event_uid=uid,
        kind=kind,
        body=body,
        queued_at=now,
        available_at=now,
        trace_id=context.trace_id(),
    )
