"""What we are made of: every component is pinned, from one place, and stands in the inventory."""

import base64
import hashlib
import json
import re
import subprocess
from datetime import datetime, timedelta

import time_machine

from huntaze import checks
from huntaze.management.commands import sbom
from tests.house.documents import ROOT, rows

_PINNED = re.compile(r"^([a-zA-Z0-9._-]+)(?:\[[^\]]*\])?==(\S+) \\$", re.MULTILINE)
#: Keys as vendors and we write them, private keys, and addresses with a password that is no example.
_SECRET = re.compile(
    r"hz_live_[0-9A-Za-z]{36}\b|\bhzr_[A-Za-z0-9_-]{43}\b|whsec_[A-Za-z0-9+/]{32,}|sk_live_[0-9A-Za-z]{16,}|"
    r"ofapi_[a-z]*_?[0-9A-Za-z]{32,}|AKIA[0-9A-Z]{16}|ghp_[0-9A-Za-z]{36}|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
#: Published examples of the standard for webhooks, and keys of tests that open nothing.
EXAMPLES = ("tests/", "sandbox/", "docs/openapi.yaml", "bench/")


def test_the_inventory_is_what_is_pinned() -> None:
    stands = json.loads((ROOT / sbom.FILE).read_text(encoding="utf-8"))
    assert stands == sbom.inventory(ROOT), "manage.py sbom writes it anew"
    pinned = _PINNED.findall((ROOT / "requirements.txt").read_text(encoding="utf-8"))
    libraries = {
        (row["name"], row["version"]) for row in stands["components"] if row["purl"].startswith("pkg:pypi/")
    }
    assert libraries == {(re.sub(r"[-_.]+", "-", name).lower(), version) for name, version in pinned}


def test_time_frames_stand_in_the_document_and_old_pins_are_named() -> None:
    told = {
        row[0].split(",")[0]: int(row[1].split()[0]) for row in rows("security.md", under="## Components")
    }
    assert told == {"critical": 2, "high": 7, "medium": 30, "low": 31, "nothing": checks.PINS_LAST.days}
    said = re.search(
        r"^# Renewed: (\S+)", (ROOT / "requirements.in").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert said is not None
    renewed = datetime.fromisoformat(f"{said[1]}T12:00:00+00:00")
    for days, named in ((checks.PINS_LAST.days, []), (checks.PINS_LAST.days + 1, ["huntaze.I001"])):
        with time_machine.travel(renewed + timedelta(days=days), tick=False):
            assert [found.id for found in checks.pins_are_renewed(None)] == named


def test_every_component_comes_from_the_index_with_its_hash() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text(encoding="utf-8")
        other = r"^\s*(-i|--index-url|--extra-index-url|--find-links|--trusted-host|-e|git\+|https?:)"
        assert not re.search(other, text, re.MULTILINE)
        blocks = re.split(r"\n(?=[a-zA-Z0-9])", text)
        assert [
            block.split("\n")[0] for block in blocks if "==" in block and "--hash=sha256:" not in block
        ] == []


def test_every_direct_dependency_has_its_reason() -> None:
    lines = (ROOT / "requirements.in").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.strip() and not line.startswith("#") and "  #" not in line] == []


def test_scripts_of_others_are_those_that_were_reviewed() -> None:
    """Version and digest of each file that browsers load stand beside it."""
    folder = ROOT / "static" / "vendor"
    read = (folder / "README.md").read_text(encoding="utf-8")
    for path in folder.glob("*.js"):
        digest = base64.b64encode(hashlib.sha384(path.read_bytes()).digest()).decode()
        assert (path.name, f"sha384-{digest}" in read) == (path.name, True)


def test_no_secret_lies_in_the_repository() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    found = []
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if name.startswith(EXAMPLES) or not path.is_file() or path.stat().st_size > 2_000_000:
            continue
        text = path.read_bytes().decode("utf-8", "ignore")
        found += [f"{name}: {match[0][:12]}…" for match in _SECRET.finditer(text)]
    assert found == []
    assert [name for name in listed.split("\0") if re.search(r"(^|/)\.env$|\.pem$|\.key$|id_rsa", name)] == []
