"""Static files: collected and compressed again only when something that goes into them has changed.

Compressing takes most of a first start; a fingerprint of the sources lets every later one do without.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from ground import manage
from ground.environment import stamp_path
from ground.place import Place


def collect(place: Place, environment: Mapping[str, str]) -> None:
    """Runs collectstatic unless the last one saw the same sources."""
    stamp = place.var / "static.stamp"
    now = fingerprint(place)
    manifest = place.var / "static" / "staticfiles.json"
    if manifest.exists() and stamp.exists() and stamp.read_text() == now and "STATIC_ROOT" not in environment:
        return
    stamp.unlink(missing_ok=True)
    manage.run(place, environment, "collectstatic", "--noinput")
    stamp.write_text(now)


def fingerprint(place: Place) -> str:
    """Changes with any source file, with the settings and with the installed packages."""
    seen = hashlib.sha256()
    for path in _sources(place):
        status = path.stat()
        seen.update(f"{path.relative_to(place.root)}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return seen.hexdigest()


def _sources(place: Place) -> Iterator[Path]:
    yield from (path for path in (stamp_path(place), place.root / "huntaze" / "settings.py") if path.exists())
    folders = {place.root / "static", *place.root.glob("*/static")} - {place.var / "static"}
    for folder in sorted(folders):
        yield from sorted(path for path in folder.rglob("*") if path.is_file())
