"""The virtual environment: made from the pinned, hashed requirement files, and re-made when it is half done.

A stamp written last says that the environment is whole. No stamp means that making it was interrupted.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from ground import debian, proc, uv
from ground.messages import Problem, Progress, tail
from ground.place import Place
from ground.state import Lock

RUNTIME = ("requirements.txt", "requirements-local.txt")
DEVELOPMENT = ("requirements-dev.txt",)
NEEDED_BYTES = 1_500_000_000


def ensure(place: Place, progress: Progress, dev: bool) -> None:
    """Brings `.venv` to the requirement files; a second call with nothing new returns at once.

    Raises Problem when the disk is too full or the packages cannot be had.
    """
    lock = Lock(place.run / "environment.lock")
    if not lock.take():
        with progress.step("waiting for another command's installation"):
            lock.take(wait=True)
    try:
        stamp = read_stamp(place)
        dev = dev or bool(stamp.get("dev"))
        if stamp == wanted_stamp(place, dev) and place.python.exists():
            return
        require_disk(place.root, NEEDED_BYTES)
        if not is_mendable(place, stamp):
            _clear(place, progress)
        _install(place, progress, RUNTIME + DEVELOPMENT if dev else RUNTIME)
        stamp_path(place).write_text(json.dumps(wanted_stamp(place, dev)))
    finally:
        lock.release()


def stamp_path(place: Place) -> Path:
    """Where the stamp lies: inside the environment, so that both go together."""
    return place.venv / ".ground-stamp.json"


def read_stamp(place: Place) -> dict[str, object]:
    """The stamp of the present environment; empty when there is none."""
    try:
        stamp = json.loads(stamp_path(place).read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def wanted_stamp(place: Place, dev: bool) -> dict[str, object]:
    """What a whole environment's stamp says: its place, its Python, a digest of each requirement file."""
    files = RUNTIME + DEVELOPMENT if dev else RUNTIME
    return {
        "venv": str(place.venv.resolve()),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "dev": dev,
        "files": {name: hashlib.sha256((place.root / name).read_bytes()).hexdigest() for name in files},
    }


def is_mendable(place: Place, stamp: dict[str, object]) -> bool:
    """Whether the environment is whole but older: same place and Python, other requirement files."""
    wanted = wanted_stamp(place, dev=False)
    return place.python.exists() and all(stamp.get(key) == wanted[key] for key in ("venv", "python"))


def require_disk(folder: Path, needed: int) -> None:
    """Raises Problem when the disk under the folder has less room than needed."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise Problem(
            f"The disk under {folder} has {free / 1e9:.1f} GB free and {needed / 1e9:.1f} GB are needed; "
            "make room and run the command again."
        )


def _clear(place: Place, progress: Progress) -> None:
    if place.venv.is_symlink():
        raise Problem(f"{place.venv} is a symbolic link; remove it and run the command again.")
    if place.venv.exists():
        with progress.step("removing an incomplete environment"):
            shutil.rmtree(place.venv)


def _require_installer(progress: Progress) -> None:
    """Some systems ship Python without pip and without the module that would bring it."""
    if not any(map(importlib.util.find_spec, ("pip", "ensurepip"))):
        debian.install("python3-venv", "This Python has neither pip nor venv; it needs", progress)


def _install(place: Place, progress: Progress, files: Sequence[str]) -> None:
    _require_installer(progress)
    stamp_path(place).unlink(missing_ok=True)
    try:
        with progress.step("installer"):
            tool = uv.ensure(place)
        with progress.step("packages"):
            uv.sync(tool, place, files)
        return
    except uv.Unavailable as error:
        why = str(error)
    progress.say(f"  note   uv could not do it, so pip does ({why.strip().splitlines()[-1][:120]})")
    with progress.step("packages, with pip"):
        _install_with_pip(place, files)


def _install_with_pip(place: Place, files: Sequence[str]) -> None:
    """The slow way, for a machine whose package index only pip knows how to reach."""
    require_disk(place.root, NEEDED_BYTES)
    made = proc.capture([sys.executable, "-m", "venv", "--clear", str(place.venv)])
    if made.returncode:
        raise Problem(
            "This Python cannot make a virtual environment; install its venv module "
            f"(on Debian and Ubuntu: apt-get install python3-venv).\n{tail(made.stdout + made.stderr)}"
        )
    wanted = [part for name in files for part in ("-r", str(place.root / name))]
    command = [
        str(place.python),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--retries=2",
        "--require-hashes",
        *wanted,
    ]
    done = proc.capture(command, env=dict(os.environ, PIP_NO_INPUT="1"))
    if done.returncode:
        raise Problem(explain(done.stdout + done.stderr))


def explain(output: str) -> str:
    """One sentence for why the packages did not come, with the installer's own last words."""
    lower = output.lower()
    if "no space left" in lower:
        sentence = "The disk became full while installing packages; make room and run the command again."
    elif "hashes" in lower and "match" in lower:
        sentence = "A downloaded package is not the pinned one (its hash differs), so nothing of it was used."
    else:
        sentence = (
            "The packages could not be fetched: no package index answered. "
            "Check the network (or pip's index and proxy settings) and run the command again."
        )
    words = "\n".join(line[:200] for line in output.splitlines() if "WARNING: Retrying" not in line)
    return f"{sentence}\n{tail(words)}"
