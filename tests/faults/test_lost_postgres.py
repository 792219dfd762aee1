"""PostgreSQL crashes, and runs out of disk, in the middle of sending."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from tests.faults.conftest import make_stage
from tests.faults.house import House, open_house, wait_for
from tests.faults.stage import SCALE, SMALL, Stage, Tell
from tests.faults.stores import Store, own_postgres
from tests.sandbox.server import Sandbox

#: Room for the tables of a test, and little enough to be full soon.
SMALL_DISK = "256m"


@pytest.fixture
def postgres(transactional_db: None, tmp_path: Path) -> Iterator[Store]:
    with own_postgres(tmp_path) as store:
        yield store


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own that a test may fill."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK}", "none", str(folder)]
    if (
        os.geteuid() != 0
        or not shutil.which("mount")
        or subprocess.run(command, capture_output=True).returncode
    ):
        pytest.skip("needs the right to mount a small file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def full_postgres(transactional_db: None, tmp_path: Path, small_disk: Path) -> Iterator[Store]:
    with own_postgres(tmp_path, small_disk) as store:
        yield store


def open_stage(house: House, platform: Sandbox, tell: Tell) -> Stage:
    return make_stage(platform, house, tell, SCALE)


def test_two_crashes_of_postgres_lose_and_double_nothing(
    postgres: Store, platform: Sandbox, fast: dict[str, str], tell: Tell, tmp_path: Path
) -> None:
    with open_house(tmp_path, **fast) as house:
        stage = open_stage(house, platform, tell)
        count = stage.queue()
        house.start_all()
        for share in (0.2, 0.5):
            stage.wait_for_arrivals(int(count * share))
            stage.note("stopped PostgreSQL at once")
            postgres.stop(signal.SIGQUIT)
            postgres.start()
            connection.close()
        stage.wait_until_sent(count)
        stage.expect_exactly_once()


@pytest.mark.skipif(SCALE is not SMALL, reason="needs a scale that fits on a small disk")
def test_a_full_disk_stops_sending_and_leaves_no_half_state(
    full_postgres: Store,
    platform: Sandbox,
    fast: dict[str, str],
    tell: Tell,
    tmp_path: Path,
    small_disk: Path,
) -> None:
    with open_house(tmp_path, **fast) as house:
        stage = open_stage(house, platform, tell)
        count = stage.queue()
        house.start_all()
        stage.wait_for_arrivals(int(count * 0.2))
        ballast = small_disk / "ballast"
        stage.note("filled the disk")
        fill(ballast)
        wait_for(lambda: refusals(full_postgres) >= 3, seconds=60, what="the disk is full", house=house)
        tell(f"PostgreSQL refused {refusals(full_postgres)} statements; {stage.arrivals()} arrivals by then")
        ballast.unlink()
        stage.wait_until_sent(count)
        stage.expect_exactly_once()


def fill(ballast: Path) -> None:
    """Take all that is left of the disk."""
    piece = bytes(1 << 16)
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(piece):
                pass
        except OSError:
            return


def refusals(store: Store) -> int:
    return store.log.read_text().count("No space left on device")
