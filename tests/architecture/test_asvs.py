"""The register of the security standard names every requirement once, and no test that is not there."""

import ast
import hashlib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

REGISTER = "docs/asvs.yaml"
#: SHA-256 over "number level" of the 253 requirements of levels 1 and 2, ASVS 5.0.0, in its order.
ALL = "29debb6cfc11acf5deb2b2bb4e01bd836c5648dcc592aae17957e36b808cec05"
#: What is done otherwise on purpose, until somebody turns a switch.
DEVIATIONS = ["6.2.5", "6.5.5"]


def register() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = yaml.safe_load(Path(settings.BASE_DIR, REGISTER).read_text())
    return rows


@cache
def names_in(path: str) -> frozenset[str]:
    file = Path(settings.BASE_DIR, path)
    if not file.is_file():
        return frozenset()
    return frozenset(
        node.name
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def test_every_requirement_has_its_row() -> None:
    rows = register()
    said = "\n".join(f"{row['id']} {row['level']}" for row in rows)
    assert Counter(row["level"] for row in rows) == {1: 70, 2: 183}
    assert hashlib.sha256(said.encode()).hexdigest() == ALL


def test_what_applies_is_shown_by_tests_that_are_there() -> None:
    dead = [
        f"{row['id']}: {test}"
        for row in register()
        for test in row.get("tests", ())
        if test.partition("::")[2] not in names_in(test.partition("::")[0])
    ]
    assert dead == []


def test_every_row_is_decided_with_its_proof_or_its_reason() -> None:
    shapes = {
        "applies": {"id", "level", "status", "tests"},
        "not_applicable": {"id", "level", "status", "reason"},
        "deviates": {"id", "level", "status", "reason", "tests"},
    }
    odd = [row["id"] for row in register() if set(row) != shapes.get(row["status"], set())]
    empty = [row["id"] for row in register() if not row.get("tests", ["-"]) or not row.get("reason", "-")]
    assert (odd, empty) == ([], [])


def test_nothing_is_done_otherwise_but_what_was_decided() -> None:
    assert [row["id"] for row in register() if row["status"] == "deviates"] == DEVIATIONS
