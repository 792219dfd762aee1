"""The checks beside the tests: style, types, imports, migrations, settings, translations, API document."""

import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from ground import proc
from ground.messages import Progress
from ground.place import Place

_MANAGE = ("python", "manage.py")
_AT_ONCE = 3
# Settings as a real installation has them, for Django's own deployment checks.
_PRODUCTION = {
    "DEBUG": "0",
    "DEMO": "0",
    "COOKIE_SECURE": "1",
    "BASE_URL": "https://app.huntaze.example",
    "CSRF_TRUSTED_ORIGINS": "https://app.huntaze.example",
    "ALLOWED_HOSTS": "app.huntaze.example",
    "ONLYFANSAPI_BASE_URL": "https://app.onlyfansapi.com",
    "STRIPE_API_BASE": "https://api.stripe.com",
    "EMAIL_URL": "smtp+tls://huntaze:secret@mail.huntaze.example:587",
    "MAIL_FROM": "Huntaze <no-reply@huntaze.example>",
}


@dataclass(frozen=True)
class Check:
    """One command that must end with 0."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """How a check ended, with all it said."""

    name: str
    is_passed: bool
    output: str


def all_checks() -> list[Check]:
    """Slowest first, so that they do not wait for the quick ones."""
    return [
        Check("types", ("mypy",)),
        Check("types of the commands", ("mypy", "--strict", "--config-file=", "bin/lib/ground")),
        Check("lint", ("ruff", "check", "--output-format", "concise", ".")),
        Check("format", ("ruff", "format", "--check", ".")),
        Check("imports", ("lint-imports",)),
        Check("migrations", (*_MANAGE, "makemigrations", "--check", "--dry-run")),
        Check("deployment settings", (*_MANAGE, "check", "--deploy", "--fail-level", "WARNING"), _PRODUCTION),
        Check("translations", (*_MANAGE, "messages", "check")),
    ]


def run_all(place: Place, environment: Mapping[str, str], scratch: Path, progress: Progress) -> list[Result]:
    """Runs them side by side; the results are in the list's order."""

    def timed(check: Check) -> Result:
        with progress.step(f"check: {check.name}") as step:
            result = _run(place, environment, check)
            step.has_failed = not result.is_passed
        return result

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        document = pool.submit(_api_document, place, environment, scratch, progress)
        results = list(pool.map(timed, all_checks()))
    return [*results, document.result()]


def report(results: Sequence[Result]) -> None:
    """Prints the failures in full, then one line that counts."""
    failed = [result for result in results if not result.is_passed]
    for result in failed:
        print(f"\n--- check failed: {result.name}\n{result.output.rstrip()}")
    print(f"\nchecks: {len(results) - len(failed)} passed, {len(failed)} failed", flush=True)


def _run(place: Place, environment: Mapping[str, str], check: Check) -> Result:
    done = subprocess.run(
        list(check.command),
        check=False,
        cwd=place.root,
        env=dict(environment, **check.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return Result(check.name, done.returncode == 0, f"$ {' '.join(check.command)}\n{done.stdout}")


def _api_document(place: Place, environment: Mapping[str, str], scratch: Path, progress: Progress) -> Result:
    """The committed docs/openapi.yaml must be what the code says."""
    fresh, committed = scratch / "openapi.yaml", place.root / "docs" / "openapi.yaml"
    made = ("spectacular", "--validate", "--fail-on-warn", "--file")
    with progress.step("check: API document") as step:
        result = _run(place, environment, Check("API document", (*_MANAGE, *made, str(fresh))))
        if result.is_passed and committed.exists() and committed.read_bytes() == fresh.read_bytes():
            return result
        step.has_failed = True
        if not result.is_passed:
            return result
        compared = proc.capture(["diff", "-u", str(committed), str(fresh)])
    refresh = f"{' '.join((*_MANAGE, *made))} docs/openapi.yaml"
    return Result(
        "API document",
        False,
        f"docs/openapi.yaml is not what the code says; refresh it with: {refresh}\n"
        + "\n".join((compared.stdout + compared.stderr).splitlines()[:80]),
    )
