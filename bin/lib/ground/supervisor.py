"""Starts the processes of a run, restarts one that dies, and stops them all in order."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ground import proc
from ground.messages import Problem, tail
from ground.state import Entry, State

APP_SECONDS = 40  # a worker may finish what it has in hand (30 s), then it is killed
SERVICE_SECONDS = 30
_PATIENCE = 60  # seconds of life after which an earlier crash is forgiven


@dataclass
class _Child:
    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    stop_signal: signal.Signals
    is_service: bool
    popen: "subprocess.Popen[bytes]"
    started: float = field(default_factory=time.monotonic)
    crashes: int = 0
    restart_at: float | None = None


class Supervisor:
    """The parent of every process of a run; what it starts is in the state file at once."""

    def __init__(self, state: State, cwd: Path, logs: Path, environment: Mapping[str, str]) -> None:
        self.state = state
        self.cwd = cwd
        self.logs = logs
        self.environment = environment
        self.children: dict[str, _Child] = {}

    def start(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        is_service: bool = False,
    ) -> None:
        """Starts a process in a session of its own, its output going to `<logs>/<name>.log`."""
        own = dict(self.environment, **(environment or {}))
        popen = self._spawn(name, command, own)
        self.children[name] = _Child(name, command, own, stop_signal, is_service, popen)
        self._record(self.children[name])

    def wait_until(self, is_ready: Callable[[], bool], name: str, seconds: float) -> None:
        """Waits for a started process to answer.

        Raises Problem with the end of its log when it dies or does not answer in time.
        """
        deadline = time.monotonic() + seconds
        while not is_ready():
            self.require_alive(name)
            if time.monotonic() > deadline:
                raise Problem(f"{name} did not answer within {seconds:.0f} s.\n{self._last_words(name)}")
            time.sleep(0.05)

    def require_alive(self, *names: str) -> None:
        """Raises Problem when one of the processes has ended by itself."""
        for name in names:
            code = self.children[name].popen.poll()
            if code is not None:
                raise Problem(f"{name} stopped by itself (code {code}).\n{self._last_words(name)}")

    def tend(self) -> list[str]:
        """Restarts what has died, each time after a longer pause; returns what happened, for the log."""
        events = []
        for child in self.children.values():
            code = child.popen.poll()
            if code is None:
                continue
            now = time.monotonic()
            if child.restart_at is None:
                child.crashes = 1 if now - child.started > _PATIENCE else child.crashes + 1
                pause = min(2.0 ** (child.crashes - 1), 30.0)
                child.restart_at = now + pause
                events.append(f"{child.name} ended (code {code}); it is started again in {pause:.0f} s")
            elif now >= child.restart_at:
                proc.kill_session_leftovers(child.popen.pid, self.state.token)
                child.popen = self._spawn(child.name, child.command, child.environment)
                child.started, child.restart_at = now, None
                self._record(child)
                events.append(f"{child.name} started again as process {child.popen.pid}")
        return events

    def stop(self) -> None:
        """Stops everything: the processes first, then the services they talk to."""
        stop_entries(self.state, reap=self._reap)

    def _spawn(
        self, name: str, command: Sequence[str], environment: Mapping[str, str]
    ) -> "subprocess.Popen[bytes]":
        with (self.logs / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                list(command),
                cwd=self.cwd,
                env=dict(environment, **{proc.MARK: self.state.token}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _record(self, child: _Child) -> None:
        began = proc.began(child.popen.pid) or ""
        self.state.record(Entry(child.name, child.popen.pid, began, child.stop_signal.name, child.is_service))

    def _reap(self) -> None:
        for child in self.children.values():
            child.popen.poll()

    def _last_words(self, name: str) -> str:
        path = self.logs / f"{name}.log"
        text = path.read_text(errors="replace") if path.exists() else ""
        return f"  The end of {path}:\n{tail(text)}"


def stop_entries(
    state: State, reap: Callable[[], None] = lambda: None, app_seconds: float = APP_SECONDS
) -> None:
    """Stops what the state file names, and only that: each pid is checked against its start time."""
    for is_service, seconds in ((False, app_seconds), (True, SERVICE_SECONDS)):
        group = [entry for entry in state.entries.values() if entry.is_service == is_service]
        for entry in group:
            proc.send(entry.identity, signal.Signals[entry.signal])
        for who in proc.wait_gone([entry.identity for entry in group], seconds, reap):
            proc.send(who, signal.SIGKILL)
        proc.wait_gone([entry.identity for entry in group], 5, reap)
        for entry in group:
            if not proc.is_alive(entry.identity):
                proc.kill_session_leftovers(entry.pid, state.token)
    state.entries.clear()
    state.supervisor = None
    state.phase = "stopped"
    state.save()


def stop_run(state: State) -> bool:
    """Stops a run from outside, through its supervisor where one lives; False when nothing was running."""
    supervisor = state.supervisor
    if supervisor and proc.is_alive(supervisor):
        proc.send(supervisor, signal.SIGTERM)
        if proc.wait_gone([supervisor], APP_SECONDS + SERVICE_SECONDS + 15):
            proc.send(supervisor, signal.SIGKILL)
            proc.wait_gone([supervisor], 5)
        state = State.load(state.path)
        was_running = True
    else:
        was_running = any(proc.is_alive(entry.identity) for entry in state.entries.values())
    if state.entries or was_running:
        stop_entries(state)
    return was_running


def raise_on_signals() -> None:
    """Turns SIGTERM and SIGHUP into KeyboardInterrupt, so that one path stops everything."""

    def interrupt(number: int, _frame: object) -> None:
        raise KeyboardInterrupt(signal.Signals(number).name)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)


def shell(command: str) -> list[str]:
    """A Procfile line as a command: the shell expands it and gives way to it, so the pid is the program's."""
    return ["/bin/sh", "-c", f"exec {command}"]


def new_environment(base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The caller's environment without what would lead Python astray."""
    astray = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "DJANGO_SETTINGS_MODULE", "PYTHONDONTWRITEBYTECODE")
    return {key: value for key, value in base.items() if key not in astray}
