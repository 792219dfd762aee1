"""Reads the Procfile, the one place that says how each process is started."""

import re
from pathlib import Path

from ground.messages import Problem

_LINE = re.compile(r"^([A-Za-z0-9_-]+):\s*(.+)$")


def read(path: Path) -> dict[str, str]:
    """Process name → shell command, in the file's order."""
    commands: dict[str, str] = {}
    for number, raw in enumerate(path.read_text().splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        found = _LINE.match(line)
        if not found:
            raise Problem(f"{path.name} line {number} is not 'name: command': {line}")
        if found[1] in commands:
            raise Problem(f"{path.name} line {number} names {found[1]!r} a second time.")
        commands[found[1]] = found[2]
    return commands
