"""Processes told apart by pid and start: a number that was given to another process is never touched."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ground import proc
from ground.state import Entry, State
from ground.supervisor import stop_entries, stop_run


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def test_a_live_process_is_recognised(sleeper: "subprocess.Popen[bytes]") -> None:
    assert proc.is_alive(proc.identify(sleeper.pid))


def test_an_ended_process_that_nobody_waited_for_is_not_alive(sleeper: "subprocess.Popen[bytes]") -> None:
    who = proc.identify(sleeper.pid)
    sleeper.kill()
    assert proc.wait_gone([who], 5) == []


def test_a_recycled_pid_is_somebody_else(sleeper: "subprocess.Popen[bytes]") -> None:
    before = proc.Identity(sleeper.pid, proc.identify(sleeper.pid).began + "0")
    assert not proc.is_alive(before)
    proc.send(before, signal.SIGKILL)
    time.sleep(0.05)
    assert sleeper.poll() is None


def test_stopping_spares_a_stranger_with_a_recorded_pid(
    sleeper: "subprocess.Popen[bytes]", tmp_path: Path
) -> None:
    state = State(tmp_path / "state.json", token="t", supervisor=proc.Identity(sleeper.pid, "another:1"))
    state.record(Entry("web", sleeper.pid, "another:2"))
    assert stop_run(State.load(state.path)) is False
    assert sleeper.poll() is None
    assert State.load(state.path).entries == {}


def test_what_does_not_heed_the_signal_is_killed(tmp_path: Path) -> None:
    command = ["/bin/sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as stubborn:
        assert stubborn.stdout is not None
        stubborn.stdout.readline()
        state = State(tmp_path / "state.json", token="t")
        state.record(Entry("web", stubborn.pid, proc.identify(stubborn.pid).began))
        stop_entries(state, app_seconds=0.2)
        assert stubborn.wait(5) == -signal.SIGKILL


def test_children_of_a_killed_process_go_with_it_but_only_ours(tmp_path: Path) -> None:
    def orphan(token: str) -> tuple[int, int]:
        """A dead session leader and the child it left behind."""
        script = "sleep 60 & echo $!; kill -9 $$"
        leader = subprocess.Popen(
            ["/bin/sh", "-c", script],
            stdout=subprocess.PIPE,
            start_new_session=True,
            env=dict(os.environ, **{proc.MARK: token}),
        )
        assert leader.stdout is not None
        child = int(leader.stdout.readline())
        leader.wait()
        leader.stdout.close()
        return leader.pid, child

    ours, left = orphan("mine")
    theirs, kept = orphan("theirs")
    proc.kill_session_leftovers(ours, "mine")
    proc.kill_session_leftovers(theirs, "mine")
    assert proc.wait_gone([proc.Identity(left, proc.began(left) or "")], 5) == []
    assert proc.began(kept) is not None
    os.kill(kept, signal.SIGKILL)
