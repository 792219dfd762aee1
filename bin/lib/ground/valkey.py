"""A Valkey server (Redis protocol) of this clone: append-only file, loopback, password."""

import os
import secrets
import signal
import socket
from dataclasses import dataclass
from pathlib import Path

from ground import ports, runas

#: Commands that no part of the product gives; the broker's client asks for INFO.
_NARROW = "-@admin -@dangerous +info"


@dataclass
class Valkey:
    """One server; `home` holds its configuration and its append-only file."""

    home: Path
    program: Path
    port: int
    is_durable: bool
    account: runas.Account
    is_narrow: bool = False  # for the application: nothing that administers the server or empties it
    name: str = "valkey"
    setting: str = "REDIS_URL"
    stop_signal: signal.Signals = signal.SIGTERM

    def prepare(self) -> None:
        """Writes the configuration: the port may be new, the password stays."""
        data = self.home / "data"
        for folder in (self.home, data):
            folder.mkdir(mode=0o700, exist_ok=True)
            self.account.own(folder)
        password = self._password() if self._config.exists() else secrets.token_urlsafe(24)
        lines = [
            f"bind {ports.HOST}",
            "protected-mode yes",
            f"port {self.port}",
            f'dir "{data}"',
            f"user default on >{password} ~* &* +@all {_NARROW if self.is_narrow else ''}",
            'save ""',
            f"appendonly {'yes' if self.is_durable else 'no'}",
            "appendfsync everysec",
            "maxmemory-policy noeviction",
        ]
        draft = self._config.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write("\n".join(lines) + "\n")
        self.account.own(draft)
        draft.replace(self._config)

    def command(self) -> list[str]:
        """The server in the foreground."""
        return self.account.wrap([str(self.program), str(self._config)])

    def is_ready(self) -> bool:
        """Whether it answers, its file loaded."""
        try:
            with socket.create_connection((ports.HOST, self.port), timeout=2) as link:
                link.sendall(f"AUTH {self._password()}\r\nPING\r\n".encode())
                return self._reply(link).endswith("+PONG\r\n")
        except OSError:
            return False

    def finish(self) -> None:
        """Nothing is left to do once it answers."""

    def url(self) -> str:
        """The REDIS_URL of its first database."""
        return f"redis://:{self._password()}@{ports.HOST}:{self.port}/0"

    @property
    def _config(self) -> Path:
        return self.home / "valkey.conf"

    def _password(self) -> str:
        for line in self._config.read_text().splitlines():
            if line.startswith("user default "):
                return line.split()[3].removeprefix(">")
            if line.startswith("requirepass "):  # as it was written until there were rights
                return line.split()[1]
        return ""

    def _reply(self, link: socket.socket) -> str:
        text = ""
        while text.count("\r\n") < 2:
            part = link.recv(1024).decode()
            if not part:
                break
            text += part
        return text
