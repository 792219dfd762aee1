"""Clones to try the commands' parts on: empty folders that share this clone's virtual environment."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from ground import services, supervisor
from ground.place import Place
from ground.state import State

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty clone in a folder that only its owner may enter."""
    root = tmp_path / "clone"
    root.mkdir(mode=0o700)
    (root / ".venv").symlink_to(ROOT / ".venv")
    place = Place(root)
    place.make_folders()
    return place


@pytest.fixture
def runner(place: Place) -> Iterator[supervisor.Supervisor]:
    """A supervisor whose processes are gone after the test."""
    state = State(place.run / "state.json", token=f"test{os.getpid()}")
    runner = supervisor.Supervisor(state, place.root, place.log, supervisor.new_environment())
    yield runner
    runner.stop()


@pytest.fixture
def postgres(place: Place) -> services.postgres.Postgres:
    """A durable server, not started yet."""
    return services.database(place, place.var, {})
