"""Which user runs PostgreSQL and Valkey.

PostgreSQL refuses to run as root. Started by root, the services therefore run as `nobody`. A clone in a
folder that `nobody` may not enter (a root home, a temporary folder of mode 700) is common, and it is not
ours to open: there the service gets one capability, to read past folder permissions, and nothing else of
root's power. Any other user runs the services as themselves.
"""

import os
import pwd
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ground import proc
from ground.messages import Problem

# Read-only first; containers often withhold it but leave the second.
_CAPABILITIES = (("dac_read_search", 2), ("dac_override", 1))
_SETPCAP = 8


@dataclass(frozen=True)
class Account:
    """The user of a service; `uid` is None where no switch is needed."""

    uid: int | None = None
    gid: int | None = None
    capability: str | None = None

    def wrap(self, command: Sequence[str]) -> list[str]:
        """The command, preceded by what switches the user (it execs: the pid stays the same)."""
        if self.uid is None:
            return list(command)
        switch = ["setpriv", f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"]
        if self.capability:
            only = f"-all,+{self.capability}"
            # no_setuid_fixup: without it access(2), which PostgreSQL asks first, ignores the capability.
            switch += ["--securebits=+no_setuid_fixup", f"--inh-caps={only}", f"--ambient-caps={only}"]
            switch += [f"--bounding-set={only}"]
        else:
            switch += ["--inh-caps=-all", "--bounding-set=-all"]
        return [*switch, *command]

    def own(self, folder: Path) -> None:
        """Gives a folder of ours to this user."""
        if self.uid is None:
            return
        try:
            os.chown(folder, self.uid, self.gid or self.uid)
        except OSError as error:
            raise Problem(
                f"root cannot hand {folder} to another user here ({error.strerror}), and PostgreSQL does "
                "not run as root; run the command as an ordinary user, or set DATABASE_URL and REDIS_URL to "
                "running servers."
            ) from None


def choose(data: Path, program: Path) -> Account:
    """The account for a service whose data and program lie there."""
    if os.geteuid() != 0:
        if data.exists() and data.stat().st_uid != os.geteuid():
            raise Problem(
                f"{data} was made by another user; run the command as that user (or as root), or remove the "
                "folder to start with empty data."
            )
        _require_name(os.geteuid())
        return Account()
    if not shutil.which("setpriv"):
        raise Problem(
            "PostgreSQL does not run as root, and the program setpriv (package util-linux) that switches the "
            "user is missing; run the command as an ordinary user, or install util-linux."
        )
    uid, gid = _owner(data)
    plain = Account(uid, gid)
    return plain if _can_run(plain, data.parent, program) else Account(uid, gid, _capability())


def _owner(data: Path) -> tuple[int, int]:
    """Whoever owns the data already, else nobody."""
    if data.exists() and data.stat().st_uid != 0:
        return data.stat().st_uid, data.stat().st_gid
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise Problem(
            "PostgreSQL does not run as root, and this machine has no user called nobody to run it; "
            "run the command as an ordinary user, or set DATABASE_URL and REDIS_URL to running servers."
        ) from None
    return entry.pw_uid, entry.pw_gid


def _require_name(uid: int) -> None:
    """PostgreSQL's initdb insists on a user that the system has a name for."""
    try:
        pwd.getpwuid(uid)
    except KeyError:
        raise Problem(
            f"PostgreSQL wants a user with a name, and user id {uid} has none on this machine (/etc/passwd); "
            "run the command as a named user, or set DATABASE_URL and REDIS_URL to running servers."
        ) from None


def _can_run(account: Account, folder: Path, program: Path) -> bool:
    """Whether the account gets through to both without help."""
    test = 'test -x "$1" && "$2" --version'
    command = account.wrap(["/bin/sh", "-c", test, "sh", str(folder), str(program)])
    return proc.capture(command, cwd=Path("/")).returncode == 0


def _capability() -> str:
    bounding = _bounding_set()
    for name, bit in _CAPABILITIES:
        if bounding >> bit & 1 and bounding >> _SETPCAP & 1:
            return name
    raise Problem(
        "PostgreSQL does not run as root, and this root may not let another user into this folder; "
        "run the command as an ordinary user, move the clone to a folder that everybody may enter, "
        "or set DATABASE_URL and REDIS_URL to running servers."
    )


def _bounding_set() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapBnd:"):
            return int(line.split()[1], 16)
    return 0
