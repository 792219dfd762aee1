"""Processes told apart for certain: a pid together with the moment its process began.

A pid alone is worthless after a crash or a reboot: the number may belong to somebody else by then.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ground.messages import Problem

MARK = "HUNTAZE_RUN"  # environment variable that every process of a run carries


@dataclass(frozen=True)
class Identity:
    """A process that was ours when it was written down."""

    pid: int
    began: str


def capture(
    command: Sequence[str],
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    words: str | None = None,
) -> "subprocess.CompletedProcess[str]":
    """Runs a command to its end, with these words as its input; what it says and its exit code are the caller's to
    judge."""
    return subprocess.run(
        list(command), check=False, cwd=cwd, env=env, input=words or "", capture_output=True, text=True
    )


def identify(pid: int) -> Identity:
    """The identity of a live process of now."""
    return Identity(pid, began(pid) or "")


def began(pid: int) -> str | None:
    """When this pid's process began, unique over reboots; None when there is none (a zombie is none)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None if Path("/proc/self/stat").exists() else _began_by_ps(pid)
    fields = stat.rpartition(")")[2].split()
    if fields[0] in "ZX":
        return None
    return f"{_boot()}:{fields[19]}"


def is_alive(who: Identity) -> bool:
    """Whether that very process still runs."""
    return bool(who.began) and began(who.pid) == who.began


def send(who: Identity, number: signal.Signals) -> None:
    """Signals that very process; does nothing when it is gone or its pid belongs to another."""
    if is_alive(who):
        try:
            os.kill(who.pid, number)
        except ProcessLookupError:
            return
        except PermissionError:
            raise Problem(
                f"Process {who.pid} was started in this clone by another user; run the command as that user."
            ) from None


def wait_gone(
    who: Iterable[Identity], seconds: float, reap: Callable[[], None] = lambda: None
) -> list[Identity]:
    """Waits until all are gone; returns those that are still there after the time."""
    left = list(who)
    deadline = time.monotonic() + seconds
    while True:
        reap()
        left = [one for one in left if is_alive(one)]
        if not left or time.monotonic() >= deadline:
            return left
        time.sleep(0.05)


def kill_session_leftovers(leader: int, token: str) -> None:
    """Kills what a dead session leader left behind, but only processes that carry our run's token."""
    needle = f"{MARK}={token}".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            session = int((entry / "stat").read_text().rpartition(")")[2].split()[3])
            if session == leader and needle in (entry / "environ").read_bytes().split(b"\0"):
                os.kill(int(entry.name), signal.SIGKILL)
        except (OSError, ValueError, IndexError):
            continue  # gone meanwhile, or not ours to look at


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "boot"


def _began_by_ps(pid: int) -> str | None:
    out = capture(["ps", "-o", "stat=,lstart=", "-p", str(pid)])
    state, _, start = out.stdout.strip().partition(" ")
    return None if not start or state.startswith("Z") else start.strip()
