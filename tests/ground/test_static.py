"""Static files are collected again when, and only when, something that goes into them has changed."""

import os
from pathlib import Path

import pytest
from ground import static
from ground.place import Place


@pytest.fixture
def clone(tmp_path: Path) -> Place:
    for name in ("static/css/base.css", "sandbox/static/phone.js", "huntaze/settings.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text("one")
    return Place(tmp_path)


def test_the_same_sources_have_the_same_fingerprint(clone: Place) -> None:
    assert static.fingerprint(clone) == static.fingerprint(clone)


@pytest.mark.parametrize("name", ["static/css/base.css", "sandbox/static/phone.js", "huntaze/settings.py"])
def test_an_edited_file_changes_it(clone: Place, name: str) -> None:
    before = static.fingerprint(clone)
    (clone.root / name).write_text("two")
    os.utime(clone.root / name, ns=(1, 1))
    assert static.fingerprint(clone) != before


def test_a_new_file_changes_it(clone: Place) -> None:
    before = static.fingerprint(clone)
    (clone.root / "static" / "new.js").write_text("")
    assert static.fingerprint(clone) != before


def test_what_was_collected_does_not_count_as_a_source(clone: Place) -> None:
    before = static.fingerprint(clone)
    (clone.var / "static").mkdir(parents=True)
    (clone.var / "static" / "base.css").write_text("one")
    assert static.fingerprint(clone) == before
