"""bin/bench NAME: a benchmark on servers of its own, with the disk honest (fsync on)."""

import subprocess
import sys
from pathlib import Path

from ground import browser, environment, static, throwaway
from ground.messages import Progress
from ground.place import Place

#: Benchmarks that open pages in a browser.
_BROWSER = frozenset({"pages"})


def main(root: Path, arguments: list[str]) -> int:
    """Returns the benchmark's exit code."""
    names = sorted(path.stem for path in (root / "bench").glob("[a-z]*.py"))
    if not arguments or arguments[0] not in names:
        print(
            f"bin/bench NAME [arguments], where NAME is one of: {', '.join(names) or 'none yet'}",
            file=sys.stderr,
        )
        return 2
    place, progress = Place(root), Progress()
    place.make_folders()
    environment.ensure(place, progress, dev=True)
    chromium = browser.ensure(progress) if arguments[0] in _BROWSER else ""
    with throwaway.servers(place, progress, "bench", {}) as servers:
        if chromium:
            static.collect(place, servers.environment)
        command = [str(place.python), "-m", f"bench.{arguments[0]}", *arguments[1:]]
        return subprocess.call(command, cwd=place.root, env={**servers.environment, "CHROMIUM": chromium})
