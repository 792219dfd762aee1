"""`.env.example` names every variable that the code and the Procfile read, and no other."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = [
    ROOT / "manage.py",
    *(path for app in ("huntaze", "accounts", "billing", "messaging") for path in (ROOT / app).rglob("*.py")),
]
READ = re.compile(
    r"\benv\.(?:text|flag|number|decimal_number|words|secret|wrapping_keys|database|mail|periods)\(\s*\"([A-Z_]+)\""
    r"|\benviron(?:\.get|\.setdefault)?[(\[]\s*[\"']([A-Z_]+)[\"']"
    r"|^_?[A-Z]+_VARIABLE = \"([A-Z_]+)\"",
    re.MULTILINE,
)
IN_SHELL = re.compile(r"\$\{([A-Z_]+)")
NAMED = re.compile(r"^([A-Z_]+)=", re.MULTILINE)


def test_the_example_is_complete() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in CODE)
    read = {name for names in READ.findall(text) for name in names if name}
    read |= set(IN_SHELL.findall((ROOT / "Procfile").read_text(encoding="utf-8")))
    named = NAMED.findall((ROOT / ".env.example").read_text(encoding="utf-8"))
    assert len(named) == len(set(named))
    assert set(named) == read
