"""A PostgreSQL and a Valkey for one run of tests or of a benchmark: made for it, gone after it.

Each run has a folder of its own with a lock; a run that was killed is cleaned up by the next one.
"""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ground import envfile, proc, services, supervisor, wiring
from ground.messages import Progress
from ground.place import Place
from ground.state import Lock, State


@contextmanager
def servers(
    place: Place, progress: Progress, kind: str, options: dict[str, str]
) -> Iterator[supervisor.Supervisor]:
    """Starts both under `var/<kind>/<run>`; stops them and removes the folder however the block is left.

    The supervisor's environment has their addresses and generated secrets.
    """
    base = place.var / kind
    base.mkdir(exist_ok=True)
    sweep(base)
    home = base / secrets.token_hex(4)
    (home / "log").mkdir(mode=0o700, parents=True)
    lock = Lock(home / "lock")
    lock.take()
    state = State(home / "state.json", token=secrets.token_hex(8))
    state.supervisor = proc.identify(os.getpid())
    state.save()
    runner = supervisor.Supervisor(state, place.root, home / "log", supervisor.new_environment())
    supervisor.raise_on_signals()
    try:
        with progress.step("PostgreSQL and Valkey for this run"):
            both = (
                services.database(place, home, options),
                services.store(place, home, is_durable=not options),
            )
            services.start(runner, *both)
        told = settings(place) | {one.setting: one.url() for one in both}
        runner.environment = wiring.with_tools(place, supervisor.new_environment() | told)
        yield runner
    finally:
        runner.stop()
        shutil.rmtree(home, ignore_errors=True)
        lock.release()


def sweep(base: Path) -> None:
    """Stops and removes what killed runs have left; a run whose lock is held is alive and is left alone."""
    for home in base.iterdir():
        lock = Lock(home / "lock")
        if lock.take():
            supervisor.stop_entries(State.load(home / "state.json"))
            shutil.rmtree(home, ignore_errors=True)
        lock.release()


def settings(place: Place) -> dict[str, str]:
    """Fresh secrets, nothing from a person's `.env`: what a local clone has there is answered here."""
    base = "http://127.0.0.1:8000"
    told = {key: make() for key, make in envfile.defaults(8000, 8099).items()}
    told["ENV_FILE"] = os.devnull
    return told | {"BASE_URL": base, "CSRF_TRUSTED_ORIGINS": base}
