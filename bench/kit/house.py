"""The processes of a benchmark: sandbox, Celery, web, and which process the stores are. All of them end with it."""

import http.client
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from bench.kit import cpu

ROOT = Path(__file__).resolve().parents[2]
KEY = "ofapi_sandbox_0123456789"
QUIET = ("--without-mingle", "--without-gossip")
FAN = 1_000_000_000


def set_up(**environment: str) -> None:
    """Django on the stores of DATABASE_URL and REDIS_URL, tables made where there are none.

    Refuses a database with accounts of anybody's: benchmarks queue, send and cancel as they like.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "huntaze.settings")
    os.environ.update(
        {"DEMO": "1", "COOKIE_SECURE": "0", "SSL_REDIRECT": "0", "LOG_LEVEL": "WARNING", **environment}
    )
    import django
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    django.setup()
    settings.DATABASES["default"]["OPTIONS"]["options"] += " -c statement_timeout=0"  # making rows takes long
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM accounts_platformaccount WHERE handle NOT LIKE 'bench%'")
        if cursor.fetchone()[0]:
            raise SystemExit("This database is in use. Run `bin/bench NAME`, which makes one of its own.")
        cursor.execute(
            "UPDATE messaging_delivery SET state = 'cancelled' WHERE state IN ('queued', 'scheduled', 'sending')"
        )


@dataclass
class Sandbox:
    """The platform's stand-in in a process of its own."""

    url: str
    pid: int

    def control(self, path: str, body: object = None) -> Any:
        """GET without a body, POST with one."""
        address = urlsplit(self.url)
        link = http.client.HTTPConnection(address.hostname or "", address.port, timeout=120)
        data = None if body is None else json.dumps(body)
        link.request("GET" if body is None else "POST", f"/_control/{path}", data)
        answer = link.getresponse()
        text = answer.read()
        link.close()
        assert answer.status == 200, text
        return json.loads(text)

    def accepted(self) -> int:
        return int(self.control("healthz")["accepted"])

    def account_ids(self) -> list[str]:
        return [row["id"] for row in sorted(self.control("accounts"), key=lambda row: row["index"])]

    @staticmethod
    def fan(account: int, number: int) -> str:
        return str(FAN + account * 10_000 + number)


@dataclass
class House:
    """Running processes by name; as a context manager it ends them all."""

    env: dict[str, str] = field(default_factory=dict)
    roots: dict[str, int] = field(default_factory=dict)
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _logs: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="bench-")))
    _engine: dict[str, str] | None = None

    def __enter__(self) -> Self:
        self.roots |= {"bench": os.getpid(), **stores()}
        self.env = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(self._logs / "metrics")}
        (self._logs / "metrics").mkdir()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and kind is not KeyboardInterrupt:
            print(self.tails(), file=sys.stderr)
        self.stop(*reversed(list(self._running)))
        shutil.rmtree(self._logs, ignore_errors=True)

    def start(self, name: str, *command: str, **env: str) -> int:
        """A Python module or program of this clone, as a process group of its own; returns its pid."""
        log = self._log(name).open("ab")
        own = {**self.env, "HUNTAZE_PROCESS": name, **env}
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=own,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        self._running[name] = process
        self.roots[name] = process.pid
        return process.pid

    def celery(self, name: str, *arguments: str, **env: str) -> int:
        return self.start(name, "celery", "-A", "huntaze", *arguments, "--loglevel", "WARNING", **env)

    def start_engine(self, senders: int = 2, **env: str) -> None:
        """Everything that sends in a real installation: pumps, the worker of the short jobs, beat.

        What already runs with these settings goes on running, otherwise it is restarted. This process nudges the
        limiter as the web does, and so has to have the same limit.
        """
        from django.conf import settings

        if self._engine == env:
            return
        settings.SEND_LIMIT_COUNT = int(env["SEND_LIMIT_COUNT"])
        settings.SEND_LIMIT_WINDOW_SECONDS = float(env["SEND_LIMIT_WINDOW_SECONDS"])
        self.stop_engine()
        self._engine = env
        mark = f"{os.getpid()}@%h"
        self.celery("senders", "worker", "-Q", "send", "-c", str(senders), "-n", f"send{mark}", *QUIET, **env)
        self.celery(
            "worker", "worker", "-Q", "default,webhooks", "-c", "1", "-n", f"work{mark}", *QUIET, **env
        )
        self.celery("beat", "beat", "-s", str(self._logs / "beat"), "--pidfile=", **env)

    def stop_engine(self) -> None:
        self._engine = None
        self.stop("beat", "senders", "worker")

    def sandbox(self, accounts: int, fans: int, latency_ms: float = 50) -> Sandbox:
        """Starts one; what is sent before and after acceptance waits half of the latency each."""
        options = {
            "port": 0,
            "profile": "bench",
            "seed": secrets.randbelow(2**31),
            "accounts": accounts,
            "fans": fans,
        }
        pid = self.start("sandbox", "sandbox", *(f"--{key}={value}" for key, value in options.items()))
        line = wait_for(
            lambda: self._said("sandbox", "listening on"), seconds=60, what="the sandbox", house=self
        )
        sandbox = Sandbox(line.split()[-1], pid)
        sandbox.control("settings", {"latencyMs": latency_ms, "webhooks": False})
        self.env |= {"ONLYFANSAPI_BASE_URL": f"{sandbox.url}/onlyfansapi", "ONLYFANSAPI_API_KEY": KEY}
        return sandbox

    def stop(self, *names: str) -> None:
        """SIGTERM to all of them, then wait."""
        running = [self._running.pop(name) for name in names if name in self._running]
        for process in running:
            process.terminate()
        for process in running:
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for name in names:
            self.roots.pop(name, None)

    def read(self) -> cpu.Reading:
        return cpu.read(self.roots)

    def ended(self) -> list[str]:
        return [name for name, process in self._running.items() if process.poll() is not None]

    def tails(self) -> str:
        return "\n".join(
            f"--- {path.name}\n{path.read_text()[-1500:]}" for path in sorted(self._logs.glob("*.log"))
        )

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def _said(self, name: str, words: str) -> str:
        return next((line for line in self._log(name).read_text().splitlines() if words in line), "")


def stores() -> dict[str, int]:
    """The processes of PostgreSQL and Valkey; left out where they do not run on this machine."""
    from django.db import connection

    from huntaze.kernel import redis

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = int(cursor.fetchone()[0])
    found = {"valkey": int(redis.client().info("server")["process_id"])}
    if Path(f"/proc/{backend}").exists():
        found["postgres"] = cpu.parent_of(backend)
    return found


def wait_for(
    condition: Callable[[], Any], *, seconds: float, what: str, house: House, every: float = 0.05
) -> Any:
    """The condition's first true value; raises after the deadline or when a process has ended by itself."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        gone = house.ended()
        if gone:
            raise SystemExit(f"waiting for {what}: ended by itself: {', '.join(gone)}\n{house.tails()}")
        time.sleep(every)
    raise SystemExit(f"not within {seconds:g} s: {what}\n{house.tails()}")


@contextmanager
def house() -> Iterator[House]:
    with House() as running:
        yield running
