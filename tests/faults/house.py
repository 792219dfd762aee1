"""Real processes for fault tests: Celery workers and beat on the test's database, Redis and sandbox."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]


def environment(**more: str) -> dict[str, str]:
    """What a process needs to work on this test's stores; the test database stands in for the real one."""
    database = settings.DATABASES["default"]
    url = (
        f"postgresql://{database['USER']}:{database.get('PASSWORD') or ''}@{database['HOST'] or '127.0.0.1'}"
        f":{database['PORT'] or 5432}/{connection.settings_dict['NAME']}"
    )
    overrides = {
        "DATABASE_URL": url,
        "REDIS_URL": settings.REDIS_URL,
        "ONLYFANSAPI_BASE_URL": settings.ONLYFANSAPI_BASE_URL,
        "ONLYFANSAPI_API_KEY": settings.ONLYFANSAPI_API_KEY,
        "DJANGO_SETTINGS_MODULE": "huntaze.settings",
        "DEMO": "1",
    }
    return {**os.environ, **overrides, **more}


@dataclass
class House:
    """The running processes, by name."""

    env: dict[str, str]
    log_dir: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, *arguments: str) -> None:
        log = (self.log_dir / f"{name}.log").open("ab")
        command = [sys.executable, "-m", "celery", "-A", "huntaze", *arguments]
        self.running[name] = subprocess.Popen(
            command, cwd=ROOT, env=self.env, stdout=log, stderr=log, start_new_session=True
        )

    def start_sender(self) -> None:
        self.start("send", "worker", "-Q", "send", "-c", "2", "-n", "send@test", "--without-mingle")

    def start_worker(self) -> None:
        self.start(
            "worker", "worker", "-Q", "default,webhooks", "-c", "1", "-n", "work@test", "--without-mingle"
        )

    def start_beat(self) -> None:
        self.start("beat", "beat", "-s", str(self.log_dir / "beat"), "--pidfile=")

    def start_all(self) -> None:
        self.start_sender()
        self.start_worker()
        self.start_beat()

    def kill(self, name: str) -> None:
        """kill -9 of the whole process group: parent and children at once."""
        process = self.running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)

    def stop(self, name: str, seconds: float = 40) -> int:
        """SIGTERM, as a deploy does; returns the exit code."""
        process = self.running.pop(name)
        process.terminate()
        return process.wait(seconds)

    def logs(self) -> str:
        return "\n".join(
            f"--- {path.name}\n{path.read_text()[-3000:]}" for path in self.log_dir.glob("*.log")
        )


@contextmanager
def open_house(log_dir: Path, **env: str) -> Iterator[House]:
    house = House(environment(**env), log_dir)
    try:
        yield house
    finally:
        for name in list(house.running):
            house.kill(name)


def wait_for(condition: Callable[[], Any], *, seconds: float, what: str, house: House | None = None) -> Any:
    """The condition's first true value; fails with the rows' states and the processes' logs after the deadline."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}\n{_rows()}\n{house.logs() if house else ''}")


def _rows() -> str:
    """States, errors and attempts of the deliveries, counted."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT state, last_error, attempts, replays, needs_lookup, available_at > now(), count(*)"
            " FROM messaging_delivery GROUP BY 1, 2, 3, 4, 5, 6"
        )
        return "\n".join(map(str, cursor.fetchall()))
