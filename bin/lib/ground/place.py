"""Where things lie in a clone: the one list of paths that the commands read and write."""

import os
from dataclasses import dataclass
from pathlib import Path

from ground.messages import Problem


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

    def make_folders(self) -> None:
        """Makes the folders under `var`.

        Raises Problem where this user may not write.
        """
        try:
            for folder, mode in ((self.var, 0o755), (self.run, 0o700), (self.log, 0o700)):
                folder.mkdir(mode=mode, exist_ok=True)
                probe = folder / f".write-{os.getpid()}"
                probe.touch()
                probe.unlink()
        except OSError as error:
            raise Problem(
                f"{error.filename or self.var} cannot be written by this user ({error.strerror}); "
                "run the command as the owner of this folder, or clone the repository to one that is yours."
            ) from None
