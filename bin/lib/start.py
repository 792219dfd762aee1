"""The first lines of each command: finds a Python that is new enough, then hands over to `ground`.

Written so that an old Python 3 can still read it and say what is wrong.
"""

import importlib
import os
import pathlib
import subprocess
import sys

WANTED = (3, 11)
MODULES = {"up": "up", "down": "down", "test": "suite", "bench": "bench"}


def main(command: str, root: str) -> None:
    """Runs one command and ends the process with its exit code."""
    if sys.version_info < WANTED:
        _hand_over()
    from ground import messages

    module = importlib.import_module(f"ground.{MODULES[command]}")
    try:
        code = module.main(pathlib.Path(root), sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    except Exception as error:
        if not messages.tell(error):
            raise
        code = 1
    sys.exit(code)


def _hand_over() -> None:
    """Runs the same command again under a newer Python of this machine, if it has one."""
    for minor in (14, 13, 12, 11):
        for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
            python = os.path.join(folder, f"python3.{minor}")
            if os.access(python, os.X_OK) and _is_new_enough(python):
                os.execv(python, [python, *sys.argv])
    sys.exit(
        f"Huntaze needs Python 3.11 or newer; this is Python {sys.version_info[0]}.{sys.version_info[1]} "
        f"({sys.executable}). Install a newer one and run the command again."
    )


def _is_new_enough(python: str) -> bool:
    probe = "import sys; sys.exit(sys.version_info < (3, 11))"
    with open(os.devnull, "w") as nothing:
        return subprocess.call([python, "-c", probe], stdout=nothing, stderr=nothing) == 0
