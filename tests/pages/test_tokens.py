"""Colours, sizes and durations stand in one file, and every pair that carries text has its contrast."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CSS = ROOT / "static" / "css"
TOKENS = (CSS / "tokens.css").read_text()
LITERAL = re.compile(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(|(?<![\w.])\d*\.?\d+(?:px|rem|ms|s)\b")


def without_media_and_comments(text: str) -> str:
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return re.sub(r"@(?:media|container)[^{]*\{", "{", text)


@pytest.mark.parametrize("path", sorted(CSS.glob("[!t]*.css")), ids=lambda path: path.name)
def test_no_other_file_holds_a_literal(path: Path) -> None:
    assert LITERAL.findall(without_media_and_comments(path.read_text())) == []


def test_every_token_that_is_used_exists() -> None:
    known = set(re.findall(r"(--[\w-]+)\s*:", TOKENS))
    ours = [path for path in CSS.glob("*.css") if path.name != "admin.css"]
    used = {name for path in ours for name in re.findall(r"var\((--[\w-]+)\)", path.read_text())}
    assert used - known == set()


def colours(name: str) -> tuple[str, str]:
    found = re.search(rf"--{name}: light-dark\((#\w{{6}}), (#\w{{6}})\)", TOKENS)
    assert found, name
    return found.group(1), found.group(2)


def luminance(colour: str) -> float:
    channels = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("front", "back", "least"),
    [
        *((name, ground, 4.5) for name in ("ink", "ink-2", "accent", "danger", "warn", "ok", "info")
          for ground in ("surface", "bg", "sunken")),
        ("on-accent", "accent", 4.5),
        ("control", "surface", 3.0),
        ("control", "bg", 3.0),
    ],
)  # fmt: skip
def test_pairs_have_their_contrast(front: str, back: str, least: float, theme: int) -> None:
    assert contrast(colours(front)[theme], colours(back)[theme]) >= least
