"""Webhooks are forgotten after 30 days, whatever became of them, and counted by what that was."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.services.retention import registry, run
from huntaze import schedule
from huntaze.celery import app
from huntaze.kernel import clock, metrics
from messaging.models import InboundEvent
from messaging.services import inbound
from tests.platforms.webhooks import body

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def told(number: int, state: str, age: timedelta) -> InboundEvent:
    told_at = clock.now() - age
    inbound.store(body=body("posts.liked", "acct_x", {"id": number}), event_key=f"evt_{number}", now=told_at)
    InboundEvent.objects.filter(event_key=f"evt_{number}").update(state=state)
    return InboundEvent.objects.get(event_key=f"evt_{number}")


def test_old_webhooks_are_deleted_and_counted_by_state(db: None, monkeypatch: Any) -> None:
    monkeypatch.setattr(registry, "BATCH", 2)
    counter = metrics.WEBHOOKS_FORGOTTEN.labels("unclaimed")
    before = counter._value.get()
    kept = told(1, "unclaimed", 29 * DAY)
    for number, state in enumerate(["done", "done", "unclaimed", "failed", "quarantined"], start=2):
        told(number, state, 31 * DAY)
    assert run.forget("inbound_events", now=clock.now()) == 5
    assert list(InboundEvent.objects.values_list("pk", flat=True)) == [kept.pk]
    assert counter._value.get() == before + 1
    assert run.forget("inbound_events", now=clock.now()) == 0


def test_beat_starts_only_jobs_that_exist() -> None:
    app.loader.import_default_modules()
    wanted = {entry["task"] for entry in schedule.Config.beat_schedule.values()}
    assert {"accounts.retain", "messaging.pump"} <= wanted <= set(app.tasks)
