"""Write docs/sbom.json: every component with its version, in CycloneDX form, made of the pins and of static/vendor."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

FILE = "docs/sbom.json"
_PIN = re.compile(r"^([a-zA-Z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)
_SCRIPT = re.compile(r"^([a-z-]+)-(\d[\d.]*)\.min\.js$")


def inventory(root: Path) -> dict[str, Any]:
    """The document; the same pins and files give the same bytes."""
    pins = _PIN.findall((root / "requirements.txt").read_text(encoding="utf-8"))
    components = [_of_pin(name, version) for name, version in sorted(pins)]
    components += [_of_script(path) for path in sorted((root / "static" / "vendor").glob("*.js"))]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "huntaze", "version": settings.VERSION}},
        "components": components,
    }


def _of_pin(name: str, version: str) -> dict[str, Any]:
    plain = re.sub(r"[-_.]+", "-", name).lower()
    return {"type": "library", "name": plain, "version": version, "purl": f"pkg:pypi/{plain}@{version}"}


def _of_script(path: Path) -> dict[str, Any]:
    found = _SCRIPT.match(path.name)
    name, version = (found[1], found[2]) if found else (path.name, "")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {
        "type": "library",
        "name": name,
        "version": version,
        "purl": f"pkg:npm/{name}@{version}",
        "hashes": [{"alg": "SHA-256", "content": digest}],
    }


class Command(BaseCommand):
    help = __doc__
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        root = Path(settings.BASE_DIR)
        text = json.dumps(inventory(root), indent=1) + "\n"
        (root / FILE).write_text(text, encoding="utf-8")
        self.stdout.write(f"{FILE}: {text.count('purl')} components")
