"""Beat keeps queues short by itself, without anybody's clock."""

import json
from typing import Any

import pytest
from celery.beat import ScheduleEntry
from celery.schedules import schedule

from huntaze.celery import app
from huntaze.kernel import redis
from huntaze.kernel.beat import MOST_WAITING, BoundedScheduler

QUEUE = "celery:send"


@pytest.fixture
def beat() -> Any:
    return BoundedScheduler(app=app, lazy=True)


def pump() -> ScheduleEntry:
    return ScheduleEntry(
        name="pumps", task="messaging.pump", schedule=schedule(2.0), options={"queue": "send"}, app=app
    )


def test_it_adds_nothing_to_a_queue_that_nobody_empties(beat: Any) -> None:
    for _ in range(MOST_WAITING + 5):
        beat.apply_entry(pump())
    assert redis.client().llen(QUEUE) == MOST_WAITING
    redis.client().lpop(QUEUE)
    beat.apply_entry(pump())
    beat.apply_entry(pump())
    assert redis.client().llen(QUEUE) == MOST_WAITING


def test_its_messages_carry_no_expiry(beat: Any) -> None:
    beat.apply_entry(pump())
    (message,) = redis.client().lrange(QUEUE, 0, -1)
    assert json.loads(message)["headers"]["expires"] is None


def test_every_entry_names_its_queue() -> None:
    app.finalize()
    assert {
        name for name, entry in app.conf.beat_schedule.items() if "queue" not in entry["options"]
    } == set()
