"""Events of Stripe: stored once, claimed one at a time for each customer, asked for when webhooks were lost."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F

from billing.gateways.base import Kind
from billing.models import StripeEvent
from billing.rules.stripe_events import TYPES
from billing.services.stripe import calls
from billing.types import RemoteEvent
from huntaze.kernel import context, metrics, sql
from huntaze.kernel.jobs import enqueue
from huntaze.kernel.outbox import State
from huntaze.platforms.errors import PlatformError

log = structlog.get_logger(__name__)

VENDOR = "stripe"
JOB = "billing.process_stripe_events"
LEASE = timedelta(seconds=60)
KEEP_PAYLOAD = timedelta(days=30)
#: Stripe keeps events for 30 days; the overlap covers events that become visible late.
OVERLAP, FURTHEST = timedelta(hours=1), timedelta(days=29)
MOST_POLLED = 5_000
#: What is asked for whole, whatever the event says: see `look`.
OF_THE_CUSTOMER = ("customer", "subscription", "payment_method")
MOST_AT_ONCE = 500

# An expired lease first: its row still holds the key. Then the oldest due row of a key that nobody works on.
_EXPIRED = """
SELECT id FROM billing_stripeevent WHERE state = 'working' AND leased_until < %(now)s
 ORDER BY leased_until LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_DUE = """
SELECT e.id FROM billing_stripeevent e
 WHERE e.state = 'queued' AND e.available_at <= %(now)s
   AND NOT EXISTS (SELECT 1 FROM billing_stripeevent w
                    WHERE w.serial_key = e.serial_key AND w.state = 'working')
 ORDER BY e.available_at, e.id LIMIT 1 FOR UPDATE SKIP LOCKED
"""


def store(event: RemoteEvent, *, source: str, now: datetime) -> bool:
    """Keep an event, once; True when it is new. What changed is noted, not the object itself."""
    row = StripeEvent(
        event_id=event.id,
        source=source,
        type=event.type,
        api_version=event.api_version,
        livemode=event.livemode,
        object_type=event.object_type,
        object_id=event.object_id,
        serial_key=event.customer_id or event.object_id,
        stripe_created_at=event.created_at,
        payload=_noted(event),
        received_at=now,
        available_at=now,
        trace_id=context.trace_id(),
    )
    mine = StripeEvent.objects.filter(uid=row.uid)
    with transaction.atomic():
        StripeEvent.objects.bulk_create([row], ignore_conflicts=True)
        is_new = mine.exists()
        enqueue(JOB)
    metrics.WEBHOOKS.labels(VENDOR, "stored" if is_new else "repeated").inc()
    return is_new


def _noted(event: RemoteEvent) -> dict[str, object]:
    """Names of the fields that changed; their values are asked for, and may be personal."""
    data = event.raw.get("data")
    before = data.get("previous_attributes") if isinstance(data, dict) else None
    return {"changed": sorted(map(str, before))[:50]} if isinstance(before, dict) else {}


def ask(
    *, object_type: str, object_id: str, customer_id: str, source: str, now: datetime, every: int = 5
) -> bool:
    """An event of our own: look at this object again. One for each object and `every` seconds."""
    name = f"{source}:{object_id}:{int(now.timestamp()) // every}"
    event = RemoteEvent(
        id=name[:150],
        customer_id=customer_id,
        type=f"huntaze.{source}",
        api_version="",
        livemode=False,
        created_at=now,
        object_type=object_type,
        object_id=object_id,
    )
    return store(event, source=source, now=now)


def claim(*, now: datetime) -> StripeEvent | None:
    """Lease the next due event whose customer nobody works on; None when there is none.

    Two workers that pick rows of one customer at the same time meet at the unique index: one of them looks again.
    """
    while True:
        try:
            with transaction.atomic():
                return _claim(now)
        except IntegrityError:
            metrics.STRIPE_CLAIM_COLLISIONS.labels("stripe").inc()


def _claim(now: datetime) -> StripeEvent | None:
    found = sql.row(_EXPIRED, {"now": now}) or sql.row(_DUE, {"now": now})
    if found is None:
        return None
    mine = StripeEvent.objects.filter(pk=found[0])
    mine.update(
        state=State.WORKING, leased_until=now + LEASE, lease_token=uuid4(), attempts=F("attempts") + 1
    )
    return mine.get()


def told_by_a_look_at(row: StripeEvent) -> list[int]:
    """Keys of events that wait and are about the same customer as a whole: all of them are answered by one look at the
    customer that begins after this."""
    same = StripeEvent.objects.filter(serial_key=row.serial_key, state=State.QUEUED, type__in=TYPES)
    about = same.filter(object_type__in=OF_THE_CUSTOMER).exclude(pk=row.pk)
    return list(about.values_list("pk", flat=True)[:MOST_AT_ONCE])


def again(*, pks: list[int], now: datetime) -> int:
    """Queue dead letters and orphans once more; returns how many."""
    with transaction.atomic():
        stuck = StripeEvent.objects.filter(pk__in=pks).exclude(state__in=[State.QUEUED, State.WORKING])
        count = stuck.exclude(outcome="applied", state=State.DONE).update(
            state=State.QUEUED, available_at=now, attempts=0, outcome="", done_at=None, last_error=""
        )
        enqueue(JOB)
    return count


def poll(*, time: Callable[[], datetime]) -> int:
    """Ask for what webhooks did not bring; returns how many events were new. Raises nothing when Stripe is away."""
    if not settings.STRIPE_SECRET_KEY:
        return 0
    now = time()
    newest = (
        StripeEvent.objects.filter(source__in=["webhook", "poll"])
        .order_by("-stripe_created_at")
        .values_list("stripe_created_at", flat=True)
        .first()
    )
    since = max((newest or now) - OVERLAP, now - FURTHEST)
    try:
        rows = calls.listing(
            Kind.EVENT, RemoteEvent, most=MOST_POLLED, created={"gte": int(since.timestamp())}
        )
    except PlatformError as error:
        log.warning("billing.stripe.poll_failed", code=error.code)
        return 0
    return sum(store(row, source="poll", now=now) for row in reversed(rows))


def forget_payloads(*, now: datetime) -> int:
    """Empty the payloads that are older than 30 days; returns how many."""
    old = StripeEvent.objects.filter(received_at__lt=now - KEEP_PAYLOAD).exclude(payload={})
    return old.update(payload={})
