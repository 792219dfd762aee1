"""Where metric values of several processes live, and how they are read together.

Each process kind (web, worker, …) has a directory `<PROMETHEUS_MULTIPROC_DIR>/<kind>/`. Inside it a process
writes to files named by its *slot*: the first lock file it could take. A worker that takes over a slot goes
on counting where its predecessor stopped, so totals survive recycling and files do not pile up.
Without PROMETHEUS_MULTIPROC_DIR there are no files and values live in the one process.

The environment is read here and not in settings because the first metric may be made before settings are
read; `prepare()` runs when `huntaze.kernel.metrics` is imported, which has to come before any other metric.
"""

import fcntl
import glob
import os
import sys
from pathlib import Path

from prometheus_client import values

BASE_VARIABLE = "HUNTAZE_METRICS_BASE"
KIND_VARIABLE = "HUNTAZE_PROCESS"
_DIR_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_MAX_SLOTS = 1024
_KIND_BY_PROGRAM = {"gunicorn": "web", "uvicorn": "events", "celery": "worker"}

_is_prepared = False
_held: tuple[int, int] | None = None  # slot, file descriptor of its lock


def process_kind() -> str:
    """Name of this process's kind: HUNTAZE_PROCESS, else what the program's name says, else `command`."""
    named = os.environ.get(KIND_VARIABLE, "")
    if named:
        return named
    return _KIND_BY_PROGRAM.get(Path(sys.argv[0]).name, "command")


def base_directory() -> Path | None:
    """The directory above all kinds, or None when values live in this process only."""
    named = os.environ.get(BASE_VARIABLE, "")
    return Path(named) if named else None


def prepare() -> None:
    """Point prometheus_client at this kind's directory and make it name files by slot.

    A child process inherits the changed variable; the untouched base travels beside it.
    """
    global _is_prepared
    base = os.environ.get(BASE_VARIABLE) or os.environ.get(_DIR_VARIABLE)
    if not base:
        return
    os.environ[BASE_VARIABLE] = base
    directory = Path(base) / process_kind()
    directory.mkdir(parents=True, exist_ok=True)
    os.environ[_DIR_VARIABLE] = str(directory)
    values.ValueClass = values.MultiProcessValue(_identify)  # type: ignore[no-untyped-call]
    _is_prepared = True


def _identify() -> int:
    """The library asks once while it prepares; a process takes its slot only when it has a value to keep, so
    a master that counts nothing takes none."""
    return slot() if _is_prepared else -1


def slot() -> int:
    """This process's slot; taken on first use and again after a fork."""
    global _held
    if _held is not None:
        return _held[0]
    directory = Path(os.environ[_DIR_VARIABLE])
    for number in range(_MAX_SLOTS):
        descriptor = _try_lock(directory, number)
        if descriptor is not None:
            os.ftruncate(descriptor, 0)
            os.write(descriptor, str(os.getpid()).encode())
            _held = number, descriptor
            _drop_live(directory, number)
            return number
    raise RuntimeError(f"more than {_MAX_SLOTS} processes share {directory}")


def _let_go() -> None:
    """In a child: the descriptor is a copy of the parent's, whose lock stays with the parent."""
    global _held
    if _held is not None:
        os.close(_held[1])
        _held = None


os.register_at_fork(after_in_child=_let_go)


def _try_lock(directory: Path, number: int) -> int | None:
    descriptor = os.open(directory / f"slot-{number}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _drop_live(directory: Path, number: int) -> None:
    """Gauges of modes `live…` describe a living process; a predecessor's must not be continued."""
    for path in glob.glob(str(directory / f"gauge_live*_{number}.db")):
        Path(path).unlink(missing_ok=True)


def mark_process_dead(pid: int) -> None:
    """Forget the live gauges of a process that ended. Safe when its slot has been taken over meanwhile."""
    if base_directory() is None:
        return
    directory = Path(os.environ[_DIR_VARIABLE])
    for lock in directory.glob("slot-*.lock"):
        if lock.read_text() != str(pid):
            continue
        number = int(lock.stem.removeprefix("slot-"))
        descriptor = _try_lock(directory, number)
        if descriptor is not None:
            _drop_live(directory, number)
            os.close(descriptor)


def wipe() -> None:
    """Start this kind from zero: for the master before its first worker. Slots in use are left alone."""
    if base_directory() is None:
        return
    directory = Path(os.environ[_DIR_VARIABLE])
    for lock in directory.glob("slot-*.lock"):
        number = int(lock.stem.removeprefix("slot-"))
        if _held is not None and _held[0] == number:
            continue
        descriptor = _try_lock(directory, number)
        if descriptor is None:
            continue
        for path in directory.glob(f"*_{number}.db"):
            path.unlink(missing_ok=True)
        os.close(descriptor)


def all_files() -> list[str]:
    """Value files of every kind on this machine, without the live gauges of processes that are gone."""
    base = base_directory()
    if base is None:
        return []
    found = []
    for directory in sorted(path for path in base.iterdir() if path.is_dir()):
        for path in sorted(directory.glob("*.db")):
            if not path.name.startswith("gauge_live") or _is_alive(directory, path):
                found.append(str(path))
    return found


def _is_alive(directory: Path, path: Path) -> bool:
    """Whether the slot that a value file is named by is held. A slot looked at for this moment may be passed
    over by a process that starts; it takes the next one."""
    number = int(path.stem.rpartition("_")[2])
    if _held is not None and _held[0] == number and str(directory) == os.environ[_DIR_VARIABLE]:
        return True
    descriptor = _try_lock(directory, number)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False
