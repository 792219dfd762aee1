"""The supervisor: starts, notices a death, starts again with a pause, stops."""

import signal
import time

import pytest
from ground import proc
from ground.messages import Problem
from ground.state import State
from ground.supervisor import Supervisor


def tend_until(runner: Supervisor, word: str, seconds: float = 8) -> list[str]:
    """Tends until an event contains the word; all events so far."""
    events: list[str] = []
    deadline = time.monotonic() + seconds
    while not any(word in event for event in events):
        assert time.monotonic() < deadline, events
        events += runner.tend()
        time.sleep(0.02)
    return events


def test_a_started_process_is_in_the_state_file_at_once(runner: Supervisor) -> None:
    runner.start("web", ["sleep", "60"])
    entry = State.load(runner.state.path).entries["web"]
    assert proc.is_alive(entry.identity)


def test_a_dead_process_is_started_again_after_a_pause(runner: Supervisor) -> None:
    runner.start("web", ["sleep", "60"])
    first = runner.state.entries["web"].identity
    proc.send(first, signal.SIGKILL)
    events = tend_until(runner, "started again as")
    assert events[0] == "web ended (code -9); it is started again in 1 s"
    second = State.load(runner.state.path).entries["web"].identity
    assert second != first
    assert proc.is_alive(second)


def test_the_pause_doubles_while_it_keeps_dying(runner: Supervisor) -> None:
    runner.start("web", ["false"])
    tend_until(runner, "again in 1 s")
    tend_until(runner, "again in 2 s")


def test_one_that_ends_during_the_start_is_reported_with_its_last_words(runner: Supervisor) -> None:
    runner.start("web", ["sh", "-c", "echo cannot bind; exit 3"])
    with pytest.raises(Problem, match=r"web stopped by itself \(code 3\)(.|\n)*cannot bind"):
        runner.wait_until(lambda: False, "web", 5)


def test_one_that_never_answers_is_reported_after_its_time(runner: Supervisor) -> None:
    runner.start("web", ["sleep", "60"])
    with pytest.raises(Problem, match="web did not answer within 0 s"):
        runner.wait_until(lambda: False, "web", 0.1)


def test_services_are_stopped_after_the_processes_that_use_them(runner: Supervisor) -> None:
    order = runner.logs / "order"
    script = f"trap 'echo $0 >> {order}; exit 0' TERM; while :; do sleep 0.02; done"
    runner.start("store", ["sh", "-c", script, "store"], is_service=True)
    runner.start("web", ["sh", "-c", script, "web"])
    time.sleep(0.2)
    runner.stop()
    assert order.read_text().split() == ["web", "store"]
    assert State.load(runner.state.path).phase == "stopped"
