"""What a benchmark says at its end: one JSON object, and the same as a table."""

import json
import os
import platform
import statistics
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def parser(doc: str | None) -> ArgumentParser:
    """The options that every benchmark has."""
    made = ArgumentParser(description=doc)
    size = made.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="under two minutes")
    size.add_argument(
        "--smoke", action="store_true", help="a few seconds: proves that it runs, measures nothing"
    )
    made.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    return made


def sized(made: ArgumentParser, *, quick: Mapping[str, Any], smoke: Mapping[str, Any]) -> Namespace:
    """The options as given; those that were not take the size's figures instead of their defaults."""
    whole = made.parse_args()
    made.set_defaults(**(smoke if whole.smoke else quick if whole.quick else {}))
    return made.parse_args()


def machine() -> dict[str, Any]:
    """Where the figures were taken and how busy it was already."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('fsync'), current_setting('synchronous_commit')")
        fsync, commit = cursor.fetchone()
        version = connection.pg_version
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "postgresql": version,
        "fsync": fsync,
        "synchronous_commit": commit,
        "load_average": [round(value, 2) for value in os.getloadavg()],
    }


def median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else 0.0


def ratio(ours: float, theirs: float) -> float | None:
    """None where nothing was measured."""
    return round(ours / theirs, 2) if theirs else None


def at(values: Sequence[float], share: float) -> float:
    """The value at a share of the sorted values: 0.95 is P95."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def spread(values: Sequence[float], digits: int = 2) -> dict[str, float]:
    return {"p50": round(at(values, 0.5), digits), "p95": round(at(values, 0.95), digits)}


def publish(figures: dict[str, Any], file: Path | None) -> None:
    """Print the table and, last, the JSON; write the JSON to the file."""
    figures["load_average_after"] = [round(value, 2) for value in os.getloadavg()]
    for name, value in _lines(figures, ""):
        print(f"  {name:<58} {value}")
    text = json.dumps(figures, indent=2)
    print(text)
    if file is not None:
        file.write_text(text + "\n")
    sys.stdout.flush()


def _lines(value: Any, name: str) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [
            line
            for key, part in value.items()
            for line in _lines(part, f"{name}.{key}" if name else str(key))
        ]
    return [(name, str(value))]
