"""Fault tests: a world on the sandbox's own accounts, processes to kill, and a summary of what was done and counted."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.kit import rows
from tests.faults.house import House, open_house
from tests.faults.stage import CROWD, FANS, SCALE, Scale, Stage, Tell
from tests.sandbox.server import Sandbox, run_sandbox

#: Everything much faster than in life but for the lookup, which must stay behind the lease.
FAST = {
    "SEND_LIMIT_WINDOW_SECONDS": str(SCALE.window),
    "SEND_TIMEOUT_SECONDS": str(SCALE.timeout),
    "SEND_LEASE_SECONDS": str(SCALE.lease),
    "SEND_LOOKUP_AFTER_SECONDS": "1",
    "SEND_PUMP_SECONDS": "30",
}


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What was killed and what was counted, also when everything passed."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])]
    told = [
        (report.nodeid, line)
        for report in reports
        for name, line in report.user_properties
        if name == "fault"
    ]
    if not told:
        return
    terminalreporter.section("faults caused, and what was counted")
    shown = ""
    for node, line in told:
        if node != shown:
            shown = node
            terminalreporter.write_line(node.rpartition("/")[2])
        terminalreporter.write_line(f"    {line}")


@pytest.fixture
def tell(record_property: Any) -> Tell:
    """Say a line: at once with `-s`, in the report with `-rA`, and in the summary of the run."""

    def say(line: str) -> None:
        print(line)
        record_property("fault", line)

    return say


@pytest.fixture(scope="session")
def sandbox_server(django_db_setup: None) -> Iterator[Sandbox]:
    """A sandbox with as many accounts as any of the tests wants."""
    with run_sandbox("--accounts", str(max(SCALE.accounts, CROWD))) as sandbox:
        yield sandbox


@pytest.fixture
def fast(settings: Any) -> dict[str, str]:
    for name, value in FAST.items():
        setattr(settings, name, float(value))
    return FAST


@pytest.fixture
def house(platform: Sandbox, fast: dict[str, str], transactional_db: None, tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path, **fast) as running:
        yield running


@pytest.fixture
def scale() -> Scale:
    return SCALE


@pytest.fixture
def stage(platform: Sandbox, house: House, tell: Tell, scale: Scale) -> Stage:
    """All of the sandbox's accounts as ours, five fans each, and the processes not started yet."""
    return make_stage(platform, house, tell, scale)


def make_stage(
    platform: Sandbox, house: House, tell: Tell, scale: Scale, accounts: int | None = None, fans: int = FANS
) -> Stage:
    known = sorted(platform.control("GET", "accounts"), key=lambda row: row["index"])
    desks = rows.desks([row["id"] for row in known[: accounts or scale.accounts]], fans)
    platform.control("POST", "settings", {"latencyMs": 100, "webhooks": False})
    return Stage(platform, house, desks, tell, scale)
