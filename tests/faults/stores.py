"""A PostgreSQL and a Valkey of a test's own, which it may stop, kill and start again."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.db import connection
from ground import services
from ground.place import Place

from huntaze.kernel import crypto
from tests.faults.house import ROOT, environment

PLACE = Place(ROOT)


@dataclass
class Store:
    """One server out of the wheels, run as `bin/up` runs it."""

    service: Any
    log: Path
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Returns once it answers."""
        self.service.prepare()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.service.command(), cwd="/", stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + 60
        while not self.service.is_ready():
            assert self.process.poll() is None, self.log.read_text()[-2000:]
            assert time.monotonic() < deadline, self.log.read_text()[-2000:]
            time.sleep(0.05)

    def stop(self, number: signal.Signals) -> None:
        """SIGQUIT is PostgreSQL's immediate stop, a crash as far as its data are concerned."""
        assert self.process is not None
        os.kill(self.process.pid, number)
        self.process.wait(60)
        self.process = None

    def end(self) -> None:
        if self.process is not None:
            self.stop(signal.SIGKILL if self.service.name == "valkey" else signal.SIGQUIT)


@contextmanager
def own_valkey(home: Path) -> Iterator[Store]:
    """A durable Valkey, and this process's settings on it."""
    store = Store(services.store(PLACE, home, is_durable=True), home / "valkey.log")
    before = settings.REDIS_URL, settings.CELERY_BROKER_URL
    store.start()
    settings.REDIS_URL = settings.CELERY_BROKER_URL = store.service.url()
    try:
        yield store
    finally:
        settings.REDIS_URL, settings.CELERY_BROKER_URL = before
        store.end()


@contextmanager
def own_postgres(home: Path, tablespace: Path | None = None) -> Iterator[Store]:
    """A durable PostgreSQL with an empty copy of the test's tables, and this process's connection on it."""
    store = Store(services.database(PLACE, home, {}), home / "postgres.log")
    url = environment()["DATABASE_URL"]
    before = dict(connection.settings_dict)
    store.start()
    try:
        if tablespace is not None:
            store.service.account.own(tablespace)
            store.service._psql(f"create tablespace small location '{tablespace}'")
            store.service._psql("alter system set default_tablespace = 'small'")
            store.service._psql("select pg_reload_conf()")
        store.service.finish()
        _copy_tables(store.service, url)
        connection.close()
        crypto.forget_data_keys()  # numbers of workspaces mean others there
        there = urlsplit(store.service.url())
        connection.settings_dict |= {
            "HOST": there.hostname,
            "PORT": there.port,
            "USER": there.username,
            "PASSWORD": unquote(there.password or ""),
            "NAME": there.path.strip("/"),
        }
        yield store
    finally:
        connection.close()
        crypto.forget_data_keys()
        connection.settings_dict |= before
        store.end()


def _copy_tables(service: Any, url: str) -> None:
    programs = service.programs
    dumped = subprocess.run(
        [programs / "pg_dump", "--no-owner", "--no-tablespaces", "-d", url], capture_output=True, check=True
    )
    target = ["-d", service.url(), "-v", "ON_ERROR_STOP=1"]
    subprocess.run(
        [programs / "psql", "-X", "-q", *target], input=dumped.stdout, capture_output=True, check=True
    )
