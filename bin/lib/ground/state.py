"""What this clone has running, in a file, and the lock that one run at a time may hold."""

import fcntl
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ground import proc


@dataclass
class Entry:
    """One started process and how it is stopped."""

    name: str
    pid: int
    began: str
    signal: str = "SIGTERM"
    is_service: bool = False

    @property
    def identity(self) -> proc.Identity:
        return proc.Identity(self.pid, self.began)


@dataclass
class State:
    """The content of `state.json`; kept on disk after every change, so that a killed run can be mended."""

    path: Path
    token: str = ""
    phase: str = "starting"
    supervisor: proc.Identity | None = None
    ports: dict[str, int] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> "State":
        """Reads the file; one that is missing or torn reads as nothing running."""
        try:
            raw: dict[str, Any] = json.loads(path.read_text())
            supervisor = raw["supervisor"]
            return cls(
                path=path,
                token=raw["token"],
                phase=raw["phase"],
                supervisor=proc.Identity(**supervisor) if supervisor else None,
                ports=raw["ports"],
                entries={name: Entry(**entry) for name, entry in raw["processes"].items()},
            )
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return cls(path=path, phase="stopped")

    def save(self) -> None:
        """Writes the file atomically."""
        document = {
            "phase": self.phase,
            "token": self.token,
            "supervisor": asdict(self.supervisor) if self.supervisor else None,
            "ports": self.ports,
            "processes": {name: asdict(entry) for name, entry in self.entries.items()},
        }
        draft = self.path.with_name(self.path.name + ".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        with os.fdopen(descriptor, "w") as file:
            json.dump(document, file, indent=1)
        draft.replace(self.path)

    def record(self, entry: Entry) -> None:
        """Remembers a process the moment it has been started."""
        self.entries[entry.name] = entry
        self.save()


class Lock:
    """A lock on a file; the kernel lets go of it when its holder dies, however it dies."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a")

    def take(self, wait: bool = False) -> bool:
        """Takes the lock; False when another process holds it and we do not wait."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Lets go."""
        self._file.close()
