"""A PostgreSQL server of this clone: initialised once, reachable on loopback and with a password only."""

import os
import secrets
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from ground import ports, proc, runas
from ground.messages import Problem, tail

OWNER = "huntaze"
APPLICATION = "huntaze_app"
# For data that is thrown away after the run: no waiting for the disk.
THROWAWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "200",
}


@dataclass
class Postgres:
    """One server; `home` holds its data and its password, `programs` the wheel's binaries."""

    home: Path
    programs: Path
    port: int
    options: dict[str, str]
    account: runas.Account
    name: str = "postgres"
    setting: str = "DATABASE_URL"
    stop_signal: signal.Signals = signal.SIGINT  # fast shutdown: sessions are ended, nothing needs recovery

    @property
    def data(self) -> Path:
        return self.home / "data"

    def prepare(self) -> None:
        """Makes the data folder when there is none; an initialisation that was interrupted is done again."""
        self.home.mkdir(mode=0o700, exist_ok=True)
        self.account.own(self.home)
        if (self.data / "PG_VERSION").exists():
            self._clear_stale_lock()
            return
        draft = self.home / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        password = self.home / "password"
        password.unlink(missing_ok=True)
        with open(os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(24) + "\n")
        self.account.own(password)
        command = [str(self.programs / "initdb"), "-D", str(draft), "-U", OWNER, "-A", "scram-sha-256"]
        command += [f"--pwfile={password}", "--no-locale", "-E", "UTF8", "--no-instructions"]
        command += [] if self.options.get("fsync") != "off" else ["--no-sync"]
        done = self._run(self.account.wrap(command))
        if done.returncode:
            raise Problem(f"PostgreSQL could not make its data folder:\n{tail(done.stdout + done.stderr)}")
        draft.rename(self.data)

    def command(self) -> list[str]:
        """The server in the foreground."""
        # A refused statement would stand in the log with its values: names and mail addresses among them.
        quiet = {"log_min_error_statement": "panic", "log_error_verbosity": "terse"}
        options = {
            "listen_addresses": ports.HOST,
            "port": str(self.port),
            "unix_socket_directories": "",
            **quiet,
        }
        pairs = [part for key, value in (options | self.options).items() for part in ("-c", f"{key}={value}")]
        return self.account.wrap([str(self.programs / "postgres"), "-D", str(self.data), *pairs])

    def is_ready(self) -> bool:
        """Whether it accepts connections."""
        command = [str(self.programs / "pg_isready"), "-q", "-h", ports.HOST, "-p", str(self.port)]
        return self._run(command).returncode == 0

    def finish(self) -> None:
        """Makes the product's database once."""
        asked = self._psql(f"select 1 from pg_database where datname = '{OWNER}'")
        if asked != "1":
            self._psql(f"create database {OWNER}")

    def url(self) -> str:
        """The DATABASE_URL of the product's database."""
        return f"postgres://{OWNER}:{quote(self._password())}@{ports.HOST}:{self.port}/{OWNER}"

    def application_url(self) -> str:
        """The DATABASE_URL of the running application, whose role owns nothing; `migrate` gives it its rights.

        Its password is new with each call and stands in no file of the server's.
        """
        if self._psql(f"select 1 from pg_roles where rolname = '{APPLICATION}'") != "1":
            self._psql(f"create role {APPLICATION}")
        password = secrets.token_urlsafe(24)
        self._psql(f"alter role {APPLICATION} login password '{password}'")
        return f"postgres://{APPLICATION}:{password}@{ports.HOST}:{self.port}/{OWNER}"

    def _psql(self, statement: str) -> str:
        """Through its input: arguments of a command can be read by everybody on the machine."""
        command = [str(self.programs / "psql"), "-X", "-h", ports.HOST, "-p", str(self.port), "-U", OWNER]
        command += ["-d", "postgres", "-At", "-v", "ON_ERROR_STOP=1"]
        done = self._run(command, statement, PGPASSWORD=self._password())
        if done.returncode:
            raise Problem(f"PostgreSQL refused a statement:\n{tail(done.stderr)}")
        return done.stdout.strip()

    def _password(self) -> str:
        return (self.home / "password").read_text().strip()

    def _run(
        self, command: list[str], words: str | None = None, **extra: str
    ) -> "subprocess.CompletedProcess[str]":
        return proc.capture(command, cwd=Path("/"), env=dict(os.environ, **extra), words=words)

    def _clear_stale_lock(self) -> None:
        """Removes postmaster.pid when no server of this folder is left.

        After a reboot the pid in it may belong to another program, and PostgreSQL would refuse to start.
        """
        lock = self.data / "postmaster.pid"
        try:
            pid = int(lock.read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            lock.unlink(missing_ok=True)
            return
        if not Path("/proc/self/cwd").exists():
            return  # no way to look here: PostgreSQL judges its own lock
        if serves(pid, self.data):
            orphan = proc.identify(pid)
            proc.send(orphan, signal.SIGQUIT)
            proc.wait_gone([orphan], 10)
        lock.unlink(missing_ok=True)
        time.sleep(0.2)  # its children notice the death by themselves and let go of the shared memory


def serves(pid: int, data: Path) -> bool:
    """Whether that process is the server of this data folder: a postmaster's working folder is its data."""
    try:
        return os.path.samefile(f"/proc/{pid}/cwd", data) and proc.began(pid) is not None
    except OSError:
        return False
