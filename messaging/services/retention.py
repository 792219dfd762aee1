"""What messaging forgets, and when: texts, and what platforms told us word for word.

Rows of messages, approvals, deliveries and payments stay: they are evidence in disputes. A text that is over has the
digest of none.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import PlatformAccount, Workspace
from accounts.services.retention.choices import chosen
from accounts.services.retention.registry import BATCH, Rule, held, of_rows, period
from huntaze.kernel import metrics, reseal
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from messaging.models import Campaign, DeadLetterRun, Delivery, InboundEvent, Message
from messaging.rules.content import NO_TEXT
from messaging.types import DeliveryState

DAILY = timedelta(hours=23)
#: Texts are sealed again, one by one, in smaller batches.
TEXTS = 500
#: A message that may yet be sent, or looked for, keeps its text however long ago it was written.
ON_THEIR_WAY = (
    DeliveryState.HELD,
    DeliveryState.SCHEDULED,
    DeliveryState.QUEUED,
    DeliveryState.SENDING,
    DeliveryState.UNCERTAIN,
)


def _events(now: datetime) -> QuerySet[Any]:
    """Whatever became of them. A webhook has no workspace; its account says whose it is."""
    accounts = PlatformAccount.objects.filter(workspace_id__in=held()).values("external_id")
    old = InboundEvent.objects.filter(received_at__lt=now - period("inbound_events"))
    return old.exclude(account_external_id__in=accounts).order_by("received_at")


def _delete_events(pks: list[int], now: datetime) -> None:
    rows = InboundEvent.objects.filter(pk__in=pks)
    for state in rows.values_list("state", flat=True):
        metrics.WEBHOOKS_FORGOTTEN.labels(state).inc()
    rows.delete()


def _campaigns(now: datetime) -> QuerySet[Any]:
    old = Campaign.objects.filter(ended_at__lt=now - period("campaign_texts")).exclude(text_digest=NO_TEXT)
    return old.exclude(workspace_id__in=held()).order_by("ended_at")


def _empty_campaigns(pks: list[int], now: datetime) -> None:
    rows = Campaign.objects.filter(pk__in=pks)
    reseal.replace(list(rows), "text", "")
    rows.update(text_digest=NO_TEXT)


def _empty_messages(now: datetime) -> Iterator[int]:
    """Workspace by workspace, because each may have a period of its own."""
    for pk in _workspaces():
        while count := _empty_some(pk, now):
            yield count


def _empty_some(workspace_pk: int, now: datetime) -> int:
    with workspace_scope(workspace_pk), transaction.atomic():
        rows = list(_texts(workspace_pk, now).select_for_update(of=("self",), skip_locked=True)[:TEXTS])
        still = _given_up([row.pk for row in rows])
        rows = [row for row in rows if row.pk not in still]
        reseal.replace(rows, "text", "")
        Message.objects.filter(pk__in=[row.pk for row in rows]).update(text_digest=NO_TEXT)
    return len(rows)


def _given_up(pks: list[int]) -> set[int]:
    """What failed is sent no more, for want of a text; gives those that somebody has queued again meanwhile."""
    deliveries = Delivery.objects.filter(message__in=pks)
    found = list(deliveries.order_by("pk").select_for_update().values_list("message_id", "state"))
    deliveries.filter(state=DeliveryState.FAILED).update(
        state=DeliveryState.CANCELLED, last_error="retention"
    )
    return {pk for pk, state in found if state in ON_THEIR_WAY}


def _texts(workspace_pk: int, now: datetime) -> QuerySet[Message]:
    before = now - chosen(workspace_pk=workspace_pk, name="message_texts")
    old = Message.objects.filter(workspace_id=workspace_pk, created_at__lt=before).exclude(
        text_digest=NO_TEXT
    )
    on_its_way = Delivery.objects.filter(message=OuterRef("pk"), state__in=ON_THEIR_WAY)
    return old.exclude(workspace_id__in=held()).filter(~Exists(on_its_way)).order_by("created_at")


def _count_messages(now: datetime) -> int:
    count = 0
    for pk in _workspaces():
        with workspace_scope(pk):
            count += _texts(pk, now).count()
    return count


def _workspaces() -> Iterator[int]:
    after = 0
    while True:
        with cross_workspace("retention"):
            rows = Workspace.objects.filter(pk__gt=after).exclude(pk__in=held()).order_by("pk")
            pks = list(rows.values_list("pk", flat=True)[:BATCH])
        if not pks:
            return
        yield from pks
        after = pks[-1]


def _staff_runs(now: datetime) -> QuerySet[Any]:
    return DeadLetterRun.objects.filter(ended_at__lt=now - period("staff_runs")).order_by("ended_at")


RULES = (
    of_rows("staff_runs", _staff_runs, every=DAILY),
    of_rows("inbound_events", _events, _delete_events),
    of_rows("campaign_texts", _campaigns, _empty_campaigns, every=DAILY),
    Rule("message_texts", _empty_messages, _count_messages, every=DAILY),
)
