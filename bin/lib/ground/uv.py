"""The installer uv: fetched once into `.boot` at a pinned, hashed version, then used for `.venv`."""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from ground import proc
from ground.place import Place

PIN = Path(__file__).with_name("uv.txt")


class Unavailable(Exception):
    """uv could not be had, or could not reach a package index; pip may still manage."""


def ensure(place: Place) -> Path:
    """The path of a working uv of the pinned version."""
    stamp = place.boot / "uv.stamp"
    pinned = PIN.read_text()
    for tool in _candidates(place):
        if tool.exists() and stamp.exists() and stamp.read_text() == pinned:
            return tool
    shutil.rmtree(place.boot, ignore_errors=True)
    words = ""
    for fetch in (_with_own_pip, _with_venv):
        done = fetch(place)
        words += done
        for tool in _candidates(place):
            if not done and tool.exists() and _runs(tool):
                stamp.write_text(pinned)
                return tool
        shutil.rmtree(place.boot, ignore_errors=True)
    raise Unavailable(words or "uv does not run on this machine")


def sync(tool: Path, place: Place, files: Sequence[str]) -> None:
    """Makes `.venv` when there is none and installs exactly what the files pin."""
    environment = _environment(place)
    if not place.python.exists():
        _run([tool, "venv", "--quiet", "--clear", "--python", sys.executable, place.venv], environment)
    wanted = [place.root / name for name in files]
    command: list[str | Path] = [
        tool,
        "pip",
        "sync",
        "--quiet",
        "--require-hashes",
        "--python",
        place.python,
        *wanted,
    ]
    try:
        _run(command, environment)
    except Unavailable:
        # Behind a company's proxy the index is signed by an authority that only the system knows.
        _run(command, environment | {"UV_SYSTEM_CERTS": "1"})


def _candidates(place: Place) -> tuple[Path, Path]:
    return place.boot / "bin" / "uv", place.boot / "venv" / "bin" / "uv"


def _with_own_pip(place: Place) -> str:
    return _pip([sys.executable], ["--target", str(place.boot)])


def _with_venv(place: Place) -> str:
    home = place.boot / "venv"
    made = proc.capture([sys.executable, "-m", "venv", str(home)])
    return made.stdout + made.stderr if made.returncode else _pip([str(home / "bin" / "python")], [])


def _pip(python: list[str], options: list[str]) -> str:
    """Installs uv; returns pip's words when that failed, an empty string when it went well."""
    command = [*python, "-m", "pip", "install", "--quiet", "--retries=1", "--require-hashes", "--no-deps"]
    command += [*options, "-r", str(PIN)]
    environment = dict(
        os.environ, PIP_NO_INPUT="1", PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_ROOT_USER_ACTION="ignore"
    )
    done = proc.capture(command, env=environment)
    return (done.stdout + done.stderr or "pip failed") if done.returncode else ""


def _runs(tool: Path) -> bool:
    try:
        return proc.capture([str(tool), "--version"]).returncode == 0
    except OSError:
        return False


def _environment(place: Place) -> dict[str, str]:
    environment = {
        key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "CONDA_PREFIX")
    }
    environment["UV_PYTHON_DOWNLOADS"] = "never"
    if "UV_CACHE_DIR" not in environment and not os.access(os.path.expanduser("~"), os.W_OK):
        environment["UV_CACHE_DIR"] = str(place.boot / "cache")
    return environment


def _run(command: Sequence[str | Path], environment: dict[str, str]) -> None:
    done = proc.capture([str(part) for part in command], env=environment)
    if done.returncode:
        raise Unavailable(done.stdout + done.stderr)
