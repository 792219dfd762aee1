"""bin/up: from a bare clone to a running Huntaze; a second run mends what is missing."""

import argparse
from pathlib import Path

from ground import detach, greeting, ports, supervisor
from ground.messages import Problem, Progress, emit
from ground.place import Place
from ground.run import Run
from ground.state import Lock, State


def main(root: Path, arguments: list[str]) -> int:
    """Returns the exit code."""
    options = _options(arguments)
    place, progress = Place(root), Progress()
    place.make_folders()
    lock = Lock(place.run / "up.lock")
    if not lock.take():
        return _already(place)
    if supervisor.stop_run(State.load(place.run / "state.json")):
        progress.say("  note   the last run was ended without bin/down; what it left behind has been stopped")
    ports.require_free(options.port, "the web server", "--port")
    ports.require_free(options.sandbox_port, "the sandbox", "--sandbox-port")
    let_go = detach.into_background() if options.detach else None
    return Run(place, progress, options.port, options.sandbox_port).serve(let_go)


def _already(place: Place) -> int:
    """What a second bin/up says while the first one runs."""
    state = State.load(place.run / "state.json")
    if state.phase != "running":
        raise Problem(
            "Another bin/up of this clone is starting or stopping; wait for it, or stop it with bin/down."
        )
    emit(greeting.text(place, state, "already runs"))
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/up", description="Runs all of Huntaze on this machine.")
    parser.add_argument("--detach", action="store_true", help="return when it is healthy; bin/down stops it")
    parser.add_argument("--port", type=int, default=8000, help="of the web server (default 8000)")
    parser.add_argument("--sandbox-port", type=int, default=8099, help="of the sandbox (default 8099)")
    return parser.parse_args(arguments)
