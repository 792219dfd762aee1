"""Where things lie in a clone: the one list of paths that the commands read and write."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Place:
    """A clone of the repository; everything the commands make is under `.venv`, `.boot`, `.env` and `var`."""

    root: Path

    @property
    def var(self) -> Path:
        return self.root / "var"

    @property
    def run(self) -> Path:
        return self.var / "run"

    @property
    def log(self) -> Path:
        return self.var / "log"

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def boot(self) -> Path:
        return self.root / ".boot"

    @property
    def env_file(self) -> Path:
        return self.root / ".env"

    def keep_last_logs(self) -> None:
        """Moves the logs of the last run aside, one run back."""
        for path in self.log.glob("*.log"):
            path.replace(path.with_suffix(".log.1"))

    def make_folders(self) -> None:
        """Makes the folders under `var` and writes to each, so that another user's folder shows at once."""
        for folder, mode in ((self.var, 0o755), (self.run, 0o700), (self.log, 0o700)):
            folder.mkdir(mode=mode, exist_ok=True)
            probe = folder / f".write-{os.getpid()}"
            probe.touch()
            probe.unlink()
