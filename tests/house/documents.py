"""Reading the tables of docs/ for tests that compare them with the code."""

import re
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)


def text(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def rows(name: str, *, under: str = "") -> list[list[str]]:
    """The cells of every table row, heads and rules left out; `under` is a heading, whose tables alone are read."""
    document = text(name)
    if under:
        level = under.split(" ", 1)[0]
        document = document.split(f"\n{under}\n", 1)[1]
        document = re.split(rf"\n#{{1,{len(level)}}} ", document)[0]
    found: list[list[str]] = []
    lines = document.splitlines()
    for number, line in enumerate(lines):
        is_head = number + 1 < len(lines) and re.fullmatch(r"\|(\s*-+\s*\|)+", lines[number + 1].strip())
        if line.startswith("|") and not is_head and not re.fullmatch(r"\|(\s*-+\s*\|)+", line.strip()):
            found.append([cell.strip() for cell in line.strip().strip("|").split("|")])
    return found


def quoted(cell: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)
