"""bin/test: proves the clone on servers of its own; with arguments it runs pytest with them."""

import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from ground import browser, checks, environment, postgres, proc, throwaway
from ground.messages import Progress
from ground.place import Place
from ground.state import Entry
from ground.supervisor import Supervisor

_HELP = """\
bin/test                  all checks, then all tests
bin/test --checks         the checks only
bin/test tests/faults -x  pytest with these arguments, on the same kind of servers
"""

#: Four at once on two cores: browsers and faults mostly wait. Files go out in the order of tests/conftest.py.
_WHOLE = ["-n", "4", "--dist", "loadfile", "--no-loadscope-reorder"]


def main(root: Path, arguments: list[str]) -> int:
    """Returns the exit code."""
    if arguments in (["--help"], ["-h"]):
        print(_HELP, end="")
        return 0
    place, progress = Place(root), Progress()
    try:
        place.make_folders()
        environment.ensure(place, progress, dev=True)
        needs_browser = not arguments or any(
            folder in argument for argument in arguments for folder in ("e2e", "bench")
        )
        chromium = browser.ensure(progress) if needs_browser else None
        with throwaway.servers(place, progress, "test", postgres.THROWAWAY) as servers:
            return _prove(place, progress, servers, arguments, _test_settings(chromium))
    except KeyboardInterrupt:
        print("\nInterrupted; the servers of this run have been stopped.", file=sys.stderr)
        return 130


def _prove(
    place: Place, progress: Progress, servers: Supervisor, arguments: list[str], more: dict[str, str]
) -> int:
    results = []
    if not arguments or arguments == ["--checks"]:
        results = checks.run_all(place, servers.environment, servers.state.path.parent, progress)
    are_passed = all(result.is_passed for result in results)
    if arguments == ["--checks"]:
        checks.report(results)
        return 0 if are_passed else 1
    if not arguments:
        more |= _migrated(place, servers, progress)
    servers.environment = dict(servers.environment, **more)
    code = _pytest(place, servers, arguments or _WHOLE)
    if not are_passed:
        checks.report(results)
    return code or (0 if are_passed else 1)


def _migrated(place: Place, servers: Supervisor, progress: Progress) -> dict[str, str]:
    """Migrates one database, of which the workers of pytest make theirs: a copy takes a tenth of the time."""
    command = [str(place.python), "manage.py", "migrate", "--noinput", "--verbosity=0"]
    with progress.step("database migrations"):
        subprocess.run(command, cwd=place.root, env=servers.environment, check=True)
    return {"TEST_TEMPLATE": urlsplit(servers.environment["DATABASE_URL"]).path.lstrip("/")}


def _pytest(place: Place, servers: Supervisor, arguments: list[str]) -> int:
    """Runs pytest on the caller's terminal and passes its exit code on."""
    print(flush=True)
    command = [str(place.python), "-m", "pytest", *arguments]
    run = subprocess.Popen(command, cwd=place.root, env=dict(servers.environment), stdin=subprocess.DEVNULL)
    servers.state.record(Entry("pytest", run.pid, proc.began(run.pid) or ""))
    try:
        return run.wait()
    except KeyboardInterrupt:
        proc.send(proc.identify(run.pid), signal.SIGINT)
        try:
            run.wait(20)
        except subprocess.TimeoutExpired:
            run.kill()
        raise


def _test_settings(chromium: str | None) -> dict[str, str]:
    """What tests want otherwise than a real installation: speed, and files without hashed names."""
    told = {
        "DEMO": "0",
        "PASSWORD_HASHER": "django.contrib.auth.hashers.MD5PasswordHasher",
        "STATIC_STORAGE": "django.contrib.staticfiles.storage.StaticFilesStorage",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    return told | ({"CHROMIUM": chromium} if chromium else {})
