"""bin/down: stops what bin/up of this clone started, and nothing else; the data stays."""

import sys
from pathlib import Path

from ground import supervisor
from ground.place import Place
from ground.state import State


def main(root: Path, arguments: list[str]) -> int:
    """Returns the exit code."""
    if arguments:
        print("bin/down takes no options: it stops what bin/up of this clone started.", file=sys.stderr)
        return 2
    place = Place(root)
    if not place.run.exists():
        print("Nothing of this clone is running.")
        return 0
    was_running = supervisor.stop_run(State.load(place.run / "state.json"))
    print("Stopped. The data is kept under var/." if was_running else "Nothing of this clone is running.")
    return 0
