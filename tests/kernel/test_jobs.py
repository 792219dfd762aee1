"""Jobs carry ids, the workspace and the trace id through a real broker to a real worker."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker
from django.db import connection, transaction
from structlog.testing import capture_logs

from huntaze.celery import app
from huntaze.kernel import context, redis, tenancy
from huntaze.kernel.jobs import HuntazeTask, enqueue, job

SEEN: list[dict[str, Any]] = []


def _note(**ids: Any) -> None:
    try:
        scope: object = tenancy.current_workspace_id()
    except tenancy.ScopeMissing:
        scope = "none"
    SEEN.append({"ids": ids, "scope": scope, "trace": context.trace_id(), "task": context.task_name()})


@job("tests.in_workspace")
def in_workspace(*, thing_id: int = 0, **_: Any) -> None:
    _note(thing_id=thing_id)
    if thing_id == 7:
        enqueue("tests.in_workspace", workspace_id=tenancy.current_workspace_id(), thing_id=8)


@job("tests.system_wide", system_wide=True)
def system_wide(**_: Any) -> None:
    _note()


@pytest.fixture(autouse=True)
def nothing_seen(db: None) -> None:
    """And the product's application is loaded and the current one, whichever a test's worker has put in its place."""
    SEEN.clear()
    app.loader.import_default_modules()
    app.set_current()
    app.set_default()


@pytest.fixture
def worker(db: None) -> Iterator[None]:
    with start_worker(app, pool="solo", perform_ping_check=False, queues=["default"], shutdown_timeout=20):
        yield


def wait_for(count: int) -> list[dict[str, Any]]:
    deadline = time.monotonic() + 10
    while len(SEEN) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    return list(SEEN)


def waiting() -> int:
    return int(redis.client().llen("celery:default"))


@pytest.mark.django_db(transaction=True)
def test_workspace_and_trace_travel_to_the_worker(worker: None) -> None:
    with context.bind(trace_id="trace-of-the-request"):
        enqueue("tests.in_workspace", workspace_id=41, thing_id=3)
        enqueue("tests.system_wide")
    found = {item["task"]: item for item in wait_for(2)}
    assert found["tests.in_workspace"] == {
        "ids": {"thing_id": 3},
        "scope": 41,
        "trace": "trace-of-the-request",
        "task": "tests.in_workspace",
    }
    other = found["tests.system_wide"]
    assert (other["scope"], other["trace"]) == ("none", "trace-of-the-request")


@pytest.mark.django_db(transaction=True)
def test_a_job_sent_by_a_job_belongs_to_the_same_trace(worker: None) -> None:
    with context.bind(trace_id="trace-of-the-request"):
        enqueue("tests.in_workspace", workspace_id=41, thing_id=7)
    assert [(item["ids"]["thing_id"], item["trace"], item["scope"]) for item in wait_for(2)] == [
        (7, "trace-of-the-request", 41),
        (8, "trace-of-the-request", 41),
    ]


@pytest.mark.django_db(transaction=True)
def test_a_message_of_a_newer_version_is_tolerated(worker: None) -> None:
    enqueue("tests.in_workspace", workspace_id=41, thing_id=3, unknown="x")
    assert wait_for(1)[0]["ids"] == {"thing_id": 3}


def test_the_trace_travels_in_a_direct_call_too() -> None:
    system_wide.apply(headers={"trace_id": "trace-of-a-call"}, throw=True)
    assert SEEN[0]["trace"] == "trace-of-a-call"


def test_a_job_nobody_sent_gets_a_trace_of_its_own() -> None:
    for _ in range(2):
        system_wide.apply(throw=True)
    first, second = (item["trace"] for item in SEEN)
    assert (len(first), len(second), first == second) == (32, 32, False)


def test_a_job_without_its_workspace_is_refused() -> None:
    with pytest.raises(TypeError, match=r"tests\.in_workspace needs workspace_id"):
        in_workspace.apply(kwargs={"thing_id": 3}, throw=True)
    assert SEEN == []


def test_the_scope_ends_with_the_job() -> None:
    in_workspace.apply(kwargs={"workspace_id": 41}, throw=True)
    assert SEEN[0]["scope"] == 41
    with pytest.raises(tenancy.ScopeMissing):
        tenancy.current_workspace_id()
    assert context.task_name() is None


def test_every_job_of_the_house_says_whose_rows_it_touches() -> None:
    ours = {
        name: task
        for name, task in app.tasks.items()
        if name.split(".")[0] in {"accounts", "billing", "messaging", "kernel"}
    }
    assert {"accounts.forget", "messaging.pump", "messaging.apply_inbound"} <= set(ours)
    for name, task in ours.items():
        assert isinstance(task, HuntazeTask), name
        assert (task.acks_late, task.reject_on_worker_lost, task.ignore_result) == (True, True, True), name


def test_beats_table_names_jobs_that_exist() -> None:
    names = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert names <= set(app.tasks)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_sent_before_the_commit_nor_after_a_rollback() -> None:
    with transaction.atomic():
        enqueue("tests.system_wide")
        assert waiting() == 0
    assert waiting() == 1
    with transaction.atomic():
        enqueue("tests.system_wide")
        transaction.set_rollback(True)
    assert waiting() == 1


def _send_without_a_broker() -> float:
    """In a thread of its own, where an application with our settings and a dead broker is the current one."""
    away = Celery("away", broker="redis://127.0.0.1:1/0", set_as_current=False)
    away.conf.broker_transport_options = app.conf.broker_transport_options
    away.set_current()
    try:
        started = time.monotonic()
        enqueue("tests.system_wide")
        return time.monotonic() - started
    finally:
        away.close()
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_costs_a_line_in_the_log_and_no_time() -> None:
    with capture_logs() as logs, ThreadPoolExecutor(1) as thread:
        took = thread.submit(_send_without_a_broker).result()
    assert [(entry["event"], entry["task"]) for entry in logs] == [("jobs.nudge.lost", "tests.system_wide")]
    assert took < 1.0
    assert waiting() == 0
