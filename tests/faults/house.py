"""Real processes for fault tests: Celery workers, beat and the web on the test's database, Redis and sandbox."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]


def environment(**more: str) -> dict[str, str]:
    """What a process needs to work on this test's stores; the test database stands in for the real one."""
    database = connection.settings_dict
    url = (
        f"postgresql://{database['USER']}:{quote(database.get('PASSWORD') or '')}@{database['HOST'] or '127.0.0.1'}"
        f":{database['PORT'] or 5432}/{database['NAME']}"
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

    def run(self, name: str, *command: str, **env: str) -> None:
        """A Python module as a process group of its own."""
        with (self.log_dir / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT,
                env=self.env | env,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def start(self, name: str, *arguments: str, **env: str) -> None:
        self.run(name, "celery", "-A", "huntaze", *arguments, **env)

    def start_sender(self, name: str = "send", pumps: int = 2, **env: str) -> None:
        self.start(name, "worker", "-Q", "send", "-c", str(pumps), "-n", f"{name}@test", *QUIET, **env)

    def start_worker(self, **env: str) -> None:
        self.start("worker", "worker", "-Q", "default,webhooks", "-c", "1", "-n", "work@test", *QUIET, **env)

    def start_beat(self) -> None:
        self.start("beat", "beat", "-s", str(self.log_dir / "beat"), "--pidfile=")

    def start_all(self) -> None:
        self.start_sender()
        self.start_worker()
        self.start_beat()

    def start_web(self, **env: str) -> str:
        """gunicorn as it is configured for everybody; returns its address once it listens."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = int(free.getsockname()[1])
        own = {"HOST": "127.0.0.1", "PORT": str(port), "ALLOWED_HOSTS": "127.0.0.1", "COOKIE_SECURE": "0"}
        command = ("gunicorn", "-c", "python:huntaze.gunicorn", "huntaze.wsgi:application")
        self.run("web", *command, **own, WEB_WORKERS="2", WEB_THREADS="8", WEB_DRAIN_SECONDS="0", **env)
        wait_for(lambda: _listens(port), seconds=60, what="the web server listens", house=self)
        return f"http://127.0.0.1:{port}"

    def wait_until_ready(self, name: str, starts: int) -> None:
        """Until a worker says for the nth time that it listens; before that SIGTERM finds no handler."""
        log = self.log_dir / f"{name}.log"
        wait_for(
            lambda: log.read_text().count(f"{name}@test ready") >= starts,
            seconds=60,
            what=f"{name} is ready",
            house=self,
        )

    def kill(self, name: str) -> None:
        """kill -9 of the whole process group: parent and children at once."""
        process = self.running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)

    def kill_child(self, name: str) -> int:
        """kill -9 of one process that works under this one's supervision; returns its pid."""
        parent = self.running[name].pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGKILL)
        return int(children[0])

    def stop(self, name: str, seconds: float = 60) -> int:
        """SIGTERM, as a deploy does; returns the exit code."""
        process = self.running.pop(name)
        process.terminate()
        return process.wait(seconds)

    def logs(self) -> str:
        return "\n".join(
            f"--- {path.name}\n{path.read_text()[-3000:]}" for path in self.log_dir.glob("*.log")
        )


QUIET = ("--without-mingle", "--without-gossip")


def _listens(port: int) -> bool:
    with socket.socket() as link:
        return link.connect_ex(("127.0.0.1", port)) == 0


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


def holds_for(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Whether it stays true for this long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not condition():
            return False
        time.sleep(0.1)
    return True


def _rows() -> str:
    """States, errors and attempts of the deliveries, counted."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT state, last_error, attempts, replays, needs_lookup, available_at > now(), count(*)"
            " FROM messaging_delivery GROUP BY 1, 2, 3, 4, 5, 6"
        )
        return "\n".join(map(str, cursor.fetchall()))
