"""The Procfile: read as bin/up reads it."""

from pathlib import Path

import pytest
from ground import procfile, supervisor
from ground.messages import Problem


def test_names_and_commands_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "Procfile"
    path.write_text("# how\nrelease: a && b\n\nweb:  gunicorn x:y --bind :$PORT\nworker_send: c\n")
    assert list(procfile.read(path).items()) == [
        ("release", "a && b"),
        ("web", "gunicorn x:y --bind :$PORT"),
        ("worker_send", "c"),
    ]


def test_a_line_without_a_name_is_named_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "Procfile"
    path.write_text("web: a\nno colon here\n")
    with pytest.raises(Problem, match="Procfile line 2 is not 'name: command': no colon here"):
        procfile.read(path)


def test_a_name_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "Procfile"
    path.write_text("web: a\nweb: b\n")
    with pytest.raises(Problem, match="line 2 names 'web' a second time"):
        procfile.read(path)


def test_the_committed_file_has_the_processes_of_the_product() -> None:
    assert list(procfile.read(Path(__file__).parents[2] / "Procfile")) == [
        "release",
        "web",
        "worker",
        "worker_send",
        "events",
        "beat",
    ]


def test_the_shell_gives_way_to_the_program() -> None:
    assert supervisor.shell("web --port $PORT") == ["/bin/sh", "-c", "exec web --port $PORT"]
