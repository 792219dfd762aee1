"""Servers for one run: gone after it, and cleaned up by the next one when the run was killed."""

import socket
import subprocess

from ground import postgres, proc, throwaway
from ground.messages import Progress
from ground.place import Place
from ground.state import Entry, Lock, State


def test_nothing_is_left_after_the_run(place: Place) -> None:
    with throwaway.servers(place, Progress(), "test", postgres.THROWAWAY) as servers:
        port = int(servers.environment["REDIS_URL"].rpartition(":")[2].partition("/")[0])
        socket.create_connection(("127.0.0.1", port)).close()
        pids = [entry.identity for entry in servers.state.entries.values()]
        assert len(pids) == 2
    assert not any(proc.is_alive(who) for who in pids)
    assert list((place.var / "test").iterdir()) == []


def test_a_killed_run_is_cleaned_up_and_a_live_one_is_left_alone(place: Place) -> None:
    base = place.var / "test"
    dead, live = base / "dead", base / "live"
    processes = []
    for home in (dead, live):
        home.mkdir(parents=True)
        process = subprocess.Popen(["sleep", "60"])
        processes.append(process)
        State(home / "state.json", token="t").record(
            Entry("postgres", process.pid, proc.began(process.pid) or "", "SIGINT", is_service=True)
        )
    held = Lock(live / "lock")
    assert held.take()
    throwaway.sweep(base)
    assert not dead.exists()
    assert processes[0].wait(5) != 0
    assert live.exists()
    assert processes[1].poll() is None
    held.release()
    processes[1].kill()
    processes[1].wait()
