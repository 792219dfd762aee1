"""Totals over several processes stay exact, and what the table does not declare is not shown."""

import os
import re
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from huntaze.kernel import exposition, fleet, metrics, tally, windows

PROGRAM = """
import os, sys
from huntaze.kernel import metrics, metric_files
for _ in range(int(sys.argv[1])):
    metrics.SENDS.labels("onlyfans", "sent").inc()
    metrics.QUEUE_ACT_SECONDS.labels("q", "ok").observe(0.2)
metrics.MEMORY_USAGE_BYTES.labels("rss").set(1000)
print(metric_files.slot(), flush=True)
if len(sys.argv) > 2:
    sys.stdin.read()
"""

READER = """
from huntaze.kernel import metric_files, metrics
from prometheus_client.multiprocess import MultiProcessCollector
found = {(s.name, s.labels.get("le")): s.value for m in MultiProcessCollector.merge(metric_files.all_files())
         for s in m.samples if s.labels.get("platform") or s.labels.get("queue") or s.labels.get("type")}
print(found.get(("huntaze_sends_total", None), 0), found.get(("huntaze_queue_act_seconds_count", None), 0),
      found.get(("huntaze_memory_usage_bytes", None), 0))
"""


class Machine:
    """Processes that share a metrics directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def environment(self, kind: str) -> dict[str, str]:
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith(("PROMETHEUS", "HUNTAZE"))
        }
        root = str(Path(__file__).parents[2])
        return {
            **kept,
            "PROMETHEUS_MULTIPROC_DIR": str(self.directory),
            "HUNTAZE_PROCESS": kind,
            "PYTHONPATH": root,
        }

    def count(self, times: int, kind: str = "web") -> int:
        """Let a process count and end; answers its slot."""
        command = [sys.executable, "-c", PROGRAM, str(times)]
        return int(subprocess.check_output(command, env=self.environment(kind)))

    def start(self, times: int, kind: str = "web") -> subprocess.Popen[bytes]:
        """Let a process count and stay."""
        command = [sys.executable, "-c", PROGRAM, str(times), "stay"]
        process = subprocess.Popen(
            command, env=self.environment(kind), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        process.slot = int(process.stdout.readline())  # type: ignore[attr-defined]
        return process

    def totals(self) -> tuple[float, ...]:
        answer = subprocess.check_output([sys.executable, "-c", READER], env=self.environment("reader"))
        return tuple(float(word) for word in answer.split())

    def run(self, code: str, kind: str = "web") -> str:
        return subprocess.check_output([sys.executable, "-c", code], env=self.environment(kind), text=True)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def stop(process: subprocess.Popen[bytes]) -> None:
    process.communicate()


def test_a_recycled_worker_goes_on_with_its_predecessors_counters(machine: Machine) -> None:
    assert [machine.count(5), machine.count(7), machine.count(11)] == [0, 0, 0]
    assert machine.totals()[:2] == (23, 23)
    assert len(list(machine.directory.glob("web/counter_*.db"))) == 1


def test_workers_that_run_together_have_slots_of_their_own(machine: Machine) -> None:
    first, second = machine.start(3), machine.start(4)
    assert (first.slot, second.slot) == (0, 1)  # type: ignore[attr-defined]
    stop(first)
    third = machine.start(5)
    assert third.slot == 0  # type: ignore[attr-defined]
    assert machine.totals()[:2] == (12, 12)
    stop(second)
    stop(third)


def test_all_kinds_of_processes_are_merged(machine: Machine) -> None:
    machine.count(2, "web")
    machine.count(3, "worker")
    machine.count(4, "worker_send")
    assert machine.totals()[:2] == (9, 9)


def test_a_killed_workers_counters_stay_and_its_live_gauge_goes(machine: Machine) -> None:
    stays, dies = machine.start(1), machine.start(2)
    assert machine.totals() == (3, 3, 2000)
    dies.kill()
    dies.communicate()
    assert machine.totals() == (3, 3, 1000)
    stop(stays)


def test_marking_a_process_dead_spares_its_successor(machine: Machine) -> None:
    dead = machine.start(1)
    dead.kill()
    dead.communicate()
    successor = machine.start(1)
    code = "from huntaze.kernel import metrics, metric_files; metric_files.mark_process_dead({})"
    machine.run(code.format(dead.pid))
    assert machine.totals() == (2, 2, 1000)
    successor.kill()
    successor.communicate()
    machine.run(code.format(successor.pid))
    assert list(machine.directory.glob("web/gauge_live*")) == []


def test_the_master_wipes_its_own_kind_and_no_slot_in_use(machine: Machine) -> None:
    machine.count(5, "worker")
    running = machine.start(3)
    ended = machine.start(4)
    stop(ended)
    machine.run("from huntaze.kernel import metrics, metric_files; metric_files.wipe()")
    assert machine.totals()[:2] == (8, 8)
    stop(running)


def test_a_forked_child_counts_in_its_own_slot(machine: Machine) -> None:
    code = """
import os
from huntaze.kernel import metrics, metric_files
metrics.SENDS.labels("onlyfans", "sent").inc()
child = os.fork()
metrics.SENDS.labels("onlyfans", "sent").inc(10 if child == 0 else 100)
slot = metric_files.slot()
if child == 0:
    os._exit(slot)
print(slot, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert machine.run(code).split() == ["0", "1"]
    assert machine.totals()[0] == 111


def test_it_works_without_the_directory() -> None:
    before = metrics.WEBHOOKS.labels("test", "applied")._value.get()
    metrics.WEBHOOKS.labels("test", "applied").inc()
    assert metrics.WEBHOOKS.labels("test", "applied")._value.get() == before + 1


def test_the_exposition_has_the_contract_names() -> None:
    metrics.REQUESTS.labels("/x", "GET", "200").inc()
    metrics.REQUEST_DURATION_SECONDS.labels("/x", "GET").observe(0.3)
    text = exposition.render().decode()
    assert re.search(r'^huntaze_build_info\{.*version="[^"]+".*\} 1\.0$', text, re.M)
    assert re.search(r'^huntaze_requests_total\{endpoint="/x",method="GET",status="200"\} ', text, re.M)
    bounds = re.findall(
        r'huntaze_request_duration_seconds_bucket\{endpoint="/x",le="([^"]+)",method="GET"\}', text
    )
    assert bounds == [
        "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "30.0", "+Inf",
    ]  # fmt: skip


@pytest.fixture
def group() -> str:
    return f"test-{uuid.uuid4().hex}"


def test_fleet_gauges_are_shown_while_fresh(group: str, monkeypatch: pytest.MonkeyPatch) -> None:
    queue = {"queue": group}
    fleet.publish(
        group, [("huntaze_queue_oldest_due_seconds", queue, 12.5), ("huntaze_error_rate", {}, None)]
    )
    line = f'huntaze_queue_oldest_due_seconds{{queue="{group}"}} 12.5'
    assert line in exposition.render().decode()
    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)
    assert line not in exposition.render().decode()


def test_only_declared_gauges_and_labels_are_published(group: str) -> None:
    with pytest.raises(KeyError):
        fleet.publish(group, [("huntaze_invented", {}, 1)])
    with pytest.raises(ValueError, match="has the labels"):
        fleet.publish(group, [("huntaze_queue_dead_letters", {"fan": "x"}, 1)])


def test_redis_away_leaves_the_processes_own_metrics(settings: object) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"  # type: ignore[attr-defined]
    assert "huntaze_build_info" in exposition.render().decode()


def test_no_module_but_the_table_creates_metrics() -> None:
    root = Path(__file__).parents[2]
    making = re.compile(r"\b(Counter|Gauge|Histogram|Summary)\(\s*[\"']")
    folders = [
        root / name for name in ("huntaze", "accounts", "billing", "ai", "content", "messaging", "analytics")
    ]
    sources = [path for folder in folders if folder.exists() for path in folder.rglob("*.py")]
    found = [path.name for path in sources if making.search(path.read_text())]
    assert found == ["metrics.py"]


def test_windows_sum_what_processes_hand_over() -> None:
    name = f"test.{uuid.uuid4().hex}"
    tally.add(name, 2)
    windows.flush()
    tally.add(name, 3)
    windows.flush()
    windows.flush()
    assert windows.read().sum(name) == 5
    assert windows.read(ago=300).sum(name) == 0


def test_what_redis_could_not_take_is_handed_over_later(settings: object) -> None:
    name, url = f"test.{uuid.uuid4().hex}", settings.REDIS_URL  # type: ignore[attr-defined]
    settings.REDIS_URL = "redis://127.0.0.1:1/0"  # type: ignore[attr-defined]
    tally.add(name, 2)
    windows.flush()
    settings.REDIS_URL = url  # type: ignore[attr-defined]
    windows.flush()
    assert windows.read().sum(name) == 2


def test_percentiles_and_means_come_from_the_buckets() -> None:
    name = f"test.{uuid.uuid4().hex}"
    for milliseconds in range(1, 1001):
        tally.observe(name, milliseconds)
    windows.flush()
    window = windows.read()
    assert window.mean(name) == 500.5
    median, p95 = window.percentile(name, 0.5), window.percentile(name, 0.95)
    assert (median, p95) == (500.0, 950.0)


def test_nothing_observed_is_none() -> None:
    window = windows.Window()
    assert (window.sum("x"), window.mean("x"), window.percentile("x", 0.95)) == (0.0, None, None)


def test_distinct_people_are_counted() -> None:
    what = f"test-{uuid.uuid4().hex}"
    for number in range(120):
        tally.seen(what, f"usr_{number % 40}")
    windows.flush()
    assert windows.distinct(what) == 40
