"""The stamp of the virtual environment: when it is whole, when it is older, when it was left half done."""

import json
import shutil
from pathlib import Path

import pytest
from ground import environment
from ground.messages import Problem, Progress
from ground.place import Place


@pytest.fixture
def clone(tmp_path: Path) -> Place:
    """Requirement files and an environment that is whole, as far as its stamp says."""
    place = Place(tmp_path)
    place.make_folders()
    for name in (*environment.RUNTIME, *environment.DEVELOPMENT):
        (tmp_path / name).write_text(f"# {name}\n")
    place.python.parent.mkdir(parents=True)
    place.python.symlink_to("/bin/sh")
    stamp(place, dev=False)
    return place


def stamp(place: Place, dev: bool) -> None:
    environment.stamp_path(place).write_text(json.dumps(environment.wanted_stamp(place, dev)))


def test_a_whole_environment_is_left_alone(clone: Place) -> None:
    before = environment.stamp_path(clone).stat().st_mtime_ns
    environment.ensure(clone, Progress(), dev=False)
    assert environment.stamp_path(clone).stat().st_mtime_ns == before


def test_an_environment_for_tests_is_whole_for_running_too(clone: Place) -> None:
    stamp(clone, dev=True)
    environment.ensure(clone, Progress(), dev=False)
    assert environment.read_stamp(clone)["dev"] is True


def test_the_stamp_differs_after_any_requirement_file_changed(clone: Place) -> None:
    before = environment.wanted_stamp(clone, dev=True)
    (clone.root / "requirements-dev.txt").write_text("pytest==9\n")
    assert environment.wanted_stamp(clone, dev=True) != before
    assert environment.wanted_stamp(clone, dev=False) == environment.read_stamp(clone)


def test_other_requirements_are_mended_in_place(clone: Place) -> None:
    (clone.root / "requirements.txt").write_text("django==5\n")
    assert environment.is_mendable(clone, environment.read_stamp(clone))


def test_without_a_stamp_it_is_made_anew(clone: Place) -> None:
    environment.stamp_path(clone).unlink()
    assert not environment.is_mendable(clone, environment.read_stamp(clone))


def test_a_torn_stamp_counts_as_none(clone: Place) -> None:
    environment.stamp_path(clone).write_text('{"venv": "/so')
    assert environment.read_stamp(clone) == {}


def test_a_moved_clone_is_made_anew_because_its_scripts_name_the_old_place(clone: Place) -> None:
    moved = Place(Path(shutil.move(clone.root, clone.root.with_name("moved"))))
    assert not environment.is_mendable(moved, environment.read_stamp(moved))


def test_a_python_that_is_gone_is_noticed(clone: Place) -> None:
    clone.python.unlink()
    clone.python.symlink_to("/nowhere/python")
    assert not environment.is_mendable(clone, environment.read_stamp(clone))


def test_too_full_a_disk_is_said_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"GB free and 1000000000\.0 GB are needed"):
        environment.require_disk(tmp_path, 10**18)


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk became full"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "is not the pinned one"),
        ("Temporary failure in name resolution", "no package index answered"),
    ],
)
def test_a_failed_installation_is_explained(output: str, sentence: str) -> None:
    assert sentence in environment.explain(output)
    assert output in environment.explain(output)
