"""A worker in this process, on a broker in memory, shows its heartbeat, its times and its schedule."""

import time
from collections.abc import Iterator

import pytest
from celery import Celery, signals
from celery.contrib.testing.worker import start_worker

from huntaze.kernel import fleet, health, heartbeats, metrics, redis


@pytest.fixture
def app() -> Iterator[Celery]:
    """An application of its own; the product's stays the current one."""
    own = Celery("signals", broker="memory://", backend="cache+memory://", set_as_current=False)
    own.conf.update(task_default_queue="signals", worker_hijack_root_logger=False)
    health.install_celery_signals(own)

    @own.task(name="signals.works", shared=False)
    def works() -> None: ...

    @own.task(name="signals.breaks", shared=False)
    def breaks() -> None:
        raise RuntimeError("broken on purpose")

    yield own
    own.close()


def count(task: str, outcome: str) -> float:
    samples = metrics.TASK_SECONDS.labels(task, outcome)._child_samples()
    return next(sample.value for sample in samples if sample.name == "_count")


def wait_for(task: str, outcome: str, value: float) -> float:
    deadline = time.monotonic() + 10
    while count(task, outcome) < value and time.monotonic() < deadline:
        time.sleep(0.02)
    return count(task, outcome)


def test_a_worker_shows_life_and_its_tasks_are_timed(db: None, app: Celery, settings: object) -> None:
    settings.WORKER_QUEUES = ["signals"]  # type: ignore[attr-defined]
    redis.client().delete("hb:worker:signals")
    before = count("signals.works", "success"), count("signals.breaks", "failure")
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=20) as worker:
        signals.worker_ready.send(sender=worker.consumer)  # the command line's worker sends it, this one not
        app.tasks["signals.works"].apply_async()
        app.tasks["signals.breaks"].apply_async()
        assert wait_for("signals.works", "success", before[0] + 1) == before[0] + 1
        assert wait_for("signals.breaks", "failure", before[1] + 1) == before[1] + 1
        age = heartbeats.queue_ages()["signals"]
    assert age is not None
    assert age < 10


def check_schedule(app: Celery) -> None:
    entry = app.conf.beat_schedule["publish-fleet"]
    assert entry["task"] == "kernel.publish_fleet"
    assert (entry["schedule"], entry["options"]["queue"]) == (10.0, "default")


def test_the_fleets_gauges_are_on_beats_table_and_run(app: Celery) -> None:
    app.finalize()
    check_schedule(app)
    app.tasks["kernel.publish_fleet"].apply(throw=True)
    assert "sli_target" in {name for name, _, _ in fleet.collect()}


def test_installing_while_the_application_is_finalized_adds_it_too() -> None:
    own = Celery("late", broker="memory://", set_as_current=False)
    own.on_after_finalize.connect(lambda **_: health.install_celery_signals(own), weak=False)
    own.finalize()
    check_schedule(own)
