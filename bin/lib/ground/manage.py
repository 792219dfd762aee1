"""Runs manage.py in this clone's environment, its output kept under `var/log`."""

import subprocess
from collections.abc import Mapping

from ground.messages import Problem, tail
from ground.place import Place


def run(place: Place, environment: Mapping[str, str], *arguments: str) -> None:
    """One command of manage.py.

    Raises Problem with the end of its output when it fails.
    """
    log = place.log / f"manage-{arguments[0]}.log"
    with log.open("w") as file:
        code = subprocess.run(
            [str(place.python), "manage.py", *arguments],
            check=False,
            cwd=place.root,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        ).returncode
    if code:
        raise Problem(
            f"manage.py {' '.join(arguments)} failed (code {code}). The end of {log}:\n"
            f"{tail(log.read_text(errors='replace'), 25)}"
        )
