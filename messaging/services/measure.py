"""The gauges of messaging's queues, measured from the rows into the fleet's table."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from django.db.models import Min, OuterRef, QuerySet, Subquery

from accounts.selectors import sending_accounts
from huntaze.kernel import fleet
from huntaze.kernel.outbox import State
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Delivery, InboundEvent
from messaging.selectors import COUNTED
from messaging.types import DeliveryState

MEASURED = (
    DeliveryState.QUEUED,
    DeliveryState.SCHEDULED,
    DeliveryState.SENDING,
    DeliveryState.UNCERTAIN,
    DeliveryState.FAILED,
)
#: A row is overdue when its promised time has passed; before that it waits for its slot, which is no fault.
Sample = tuple[str, Mapping[str, str], float | None]


def measure_queues(*, now: datetime) -> None:
    """Publish depth, oldest overdue age and dead letters of the queues `send` and `webhooks`."""
    with cross_workspace("measure queues"):
        fleet.publish("messaging", [*_send(now), *_webhooks(now)])


def _send(now: datetime) -> Iterator[Sample]:
    for state in MEASURED:
        count = _counted(Delivery.objects.filter(state=state))
        yield "huntaze_queue_depth", {"queue": "send", "state": str(state)}, count
    yield "huntaze_queue_oldest_due_seconds", {"queue": "send"}, _age(_oldest_promise(now), now)
    yield "huntaze_queue_dead_letters", {"queue": "send"}, _counted(Delivery.objects.dead_letters())


def _oldest_promise(now: datetime) -> datetime | None:
    """The earliest broken promise among accounts that may send: one look into an index an account, so that a paused
    account's million rows cost no more than none."""
    overdue = Delivery.objects.waiting().filter(account=OuterRef("pk"), promised_at__lt=now)
    first = overdue.order_by("promised_at").values("promised_at")[:1]
    oldest: datetime | None = (
        sending_accounts().annotate(promise=Subquery(first)).aggregate(at=Min("promise"))["at"]
    )
    return oldest


def _webhooks(now: datetime) -> Iterator[Sample]:
    for state in (State.QUEUED, State.WORKING, State.FAILED):
        count = _counted(InboundEvent.objects.filter(state=state))
        yield "huntaze_queue_depth", {"queue": "webhooks", "state": str(state)}, count
    due = InboundEvent.objects.filter(state=State.QUEUED, available_at__lte=now)
    oldest = due.aggregate(at=Min("available_at"))["at"]
    yield "huntaze_queue_oldest_due_seconds", {"queue": "webhooks"}, _age(oldest, now)
    dead = _counted(InboundEvent.objects.filter(state=State.FAILED))
    yield "huntaze_queue_dead_letters", {"queue": "webhooks"}, dead


def _counted(rows: "QuerySet[Delivery] | QuerySet[InboundEvent]") -> float:
    """Counting stops at 10,001: beyond that the exact figure costs more than it says."""
    return float(rows[:COUNTED].count())


def _age(oldest: datetime | None, now: datetime) -> float:
    return (now - oldest) / timedelta(seconds=1) if oldest else 0.0
