"""Bringing events to their endpoints: some rows of many endpoints at once, none of which can hold up the others.

An endpoint that fails, or is slow, rests before it is called again; each event has its own times to be tried again.
An event may arrive twice, when a worker dies between the call and its note; its id is the same then.
"""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from accounts.models import WebhookDelivery, WebhookSubscription
from accounts.rules import webhooks as rules
from accounts.services.webhooks.endpoints import switch_off
from accounts.services.webhooks.events import event_id
from accounts.types import OPEN_STATUSES
from huntaze.kernel import clock, context, outbox
from huntaze.kernel.crypto import DecryptionFailed
from huntaze.kernel.guard import check_url, guarded_client
from huntaze.kernel.http import TransportFailure
from huntaze.kernel.outbox import LeaseLost, State
from huntaze.kernel.tenancy import cross_workspace

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
#: Endpoints of one round, and events of one endpoint in it.
ENDPOINTS, EVENTS = 20, 10
#: How long one run goes on, seconds.
RUN_SECONDS = 30.0
#: Attempts kept on a row, newest last.
TRIES_KEPT = 20


@dataclass(frozen=True, slots=True)
class Request:
    """What goes on the wire for one row."""

    url: str
    headers: dict[str, str]
    body: str
    trace_id: str


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one call; `status` is None without an answer."""

    status: int | None
    error: str
    seconds: float
    retry_after: float = 0.0

    @property
    def is_ok(self) -> bool:
        return not self.error


def deliver_due() -> int:
    """Deliver what is due, round after round, for half a minute at most; returns how many calls were made."""
    done, until = 0, time.monotonic() + RUN_SECONDS
    with cross_workspace("webhooks"):
        _rescue(clock.now())
        while time.monotonic() < until:
            rows = _claim(clock.now())
            if not rows:
                break
            _round(rows)
            done += len(rows)
    return done


def _rescue(now: datetime) -> None:
    lost = WebhookDelivery.objects.filter(state=State.WORKING, leased_until__lt=now)
    lost.update(state=State.QUEUED, leased_until=None, lease_token=None)


def _claim(now: datetime) -> list[WebhookDelivery]:
    """Some rows of each endpoint that may be called, those whose event has waited longest first."""
    due = WebhookDelivery.objects.filter(
        subscription=OuterRef("pk"), state=State.QUEUED, available_at__lte=now
    )
    oldest = Subquery(due.order_by("available_at").values("available_at")[:1])
    callable_now = WebhookSubscription.objects.filter(
        Q(held_until=None) | Q(held_until__lte=now),
        disabled_at=None,
        workspace__status__in=OPEN_STATUSES,
    )
    endpoints = callable_now.annotate(oldest=oldest).exclude(oldest=None).order_by("oldest")[:ENDPOINTS]
    rows = []
    for endpoint in endpoints:
        among = Q(subscription=endpoint)
        for row in outbox.claim(WebhookDelivery, now=now, limit=EVENTS, lease=LEASE, among=among):
            row.subscription = endpoint
            rows.append(row)
    return rows


def _round(rows: Sequence[WebhookDelivery]) -> None:
    outbox.assert_no_transaction()
    requests = [_request(row) for row in rows]
    answers = asyncio.run(_call_all(requests))
    by_endpoint: dict[int, list[Tried]] = defaultdict(list)
    for row, tried in zip(rows, answers, strict=True):
        by_endpoint[row.subscription_id].append(tried)
        try:
            _settle(row, tried)
        except LeaseLost:
            log.warning("accounts.webhook.lease_lost", attempts=row.attempts)
    endpoints = {row.subscription_id: row.subscription for row in rows}
    for pk, tries in by_endpoint.items():
        _note(endpoints[pk], tries, clock.now())


def _request(row: WebhookDelivery) -> Request | None:
    """None when the address or the secret can't be opened with the keys that we have."""
    endpoint, now = row.subscription, clock.now()
    try:
        secrets = [endpoint.secret.reveal()]
        if endpoint.old_secret is not None and endpoint.old_secret_until and endpoint.old_secret_until > now:
            secrets.append(endpoint.old_secret.reveal())
        url = endpoint.url.reveal()
    except DecryptionFailed:
        log.exception("accounts.webhook.unreadable")
        return None
    headers = rules.headers(
        secrets, event_id=event_id(row.event_uid), timestamp=int(now.timestamp()), body=row.body
    )
    return Request(url, headers, row.body, row.trace_id)


async def _call_all(requests: Sequence[Request | None]) -> list[Tried]:
    return list(await asyncio.gather(*(_call(request) for request in requests)))


async def _call(request: Request | None) -> Tried:
    if request is None:
        return Tried(None, "unreadable_secret", 0.0)
    started = time.monotonic()
    try:
        path = check_url(request.url, loopback=settings.DEMO).raw_path_qs or "/"
        with context.bind(trace_id=request.trace_id or None):
            async with guarded_client(request.url, vendor="webhook") as client:
                answer = await client.request(
                    "POST", path, operation="deliver", data=request.body.encode(), headers=request.headers
                )
    except TransportFailure as failure:
        return Tried(None, failure.code, time.monotonic() - started)
    except ValueError:
        return Tried(None, "invalid_url", time.monotonic() - started)
    error = "" if 200 <= answer.status < 300 else f"http_{answer.status}"
    wait = rules.retry_after_of(answer.headers.get("Retry-After")) if answer.status in {429, 503} else 0.0
    return Tried(answer.status, error, time.monotonic() - started, wait)


def _settle(row: WebhookDelivery, tried: Tried) -> None:
    now = clock.now()
    attempt = {
        "at": clock.iso(now),
        "status": tried.status,
        "error": tried.error,
        "ms": round(tried.seconds * 1000),
    }
    tries = [*row.tries, attempt][-TRIES_KEPT:]
    if tried.is_ok:
        outbox.settle(row, state=State.DONE, last_error="", tries=tries)
    elif tried.status == 410:
        outbox.settle(row, state=State.FAILED, last_error=tried.error, tries=tries)
    else:
        spread = random.uniform(-1, 1)  # noqa: S311 (jitter, not a secret)
        waits = rules.delays(spread, tried.retry_after)
        outbox.retry_or_bury(row, now=now, error=tried.error, delays=waits, tries=tries)


def _note(endpoint: WebhookSubscription, tries: Sequence[Tried], now: datetime) -> None:
    """What a round says about the endpoint: gone, failing, slow or well."""
    rows = WebhookSubscription.objects.filter(pk=endpoint.pk)
    slowest = max(tried.seconds for tried in tries)
    if any(tried.status == 410 for tried in tries):
        switch_off(pk=endpoint.pk, reason="gone", now=now)
    elif not any(tried.is_ok for tried in tries):
        with transaction.atomic():
            rows.update(
                failures=F("failures") + 1,
                failing_since=Coalesce(F("failing_since"), now),
                held_until=now + rules.hold_of(endpoint.failures),
            )
        if rules.is_out_of_patience(endpoint.failing_since, now):
            switch_off(pk=endpoint.pk, reason="failing", now=now)
    elif slowest > rules.SLOW_SECONDS:
        held = timedelta(seconds=min(60.0, 10 * slowest))
        rows.update(failures=0, failing_since=None, held_until=now + held)
    elif endpoint.failing_since is not None:
        rows.update(failures=0, failing_since=None, held_until=None)
