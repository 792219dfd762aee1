"""Packages of Debian and its relatives that pip cannot bring, installed where this user may."""

import os
import shutil

from ground import proc
from ground.messages import Problem, Progress, tail


def can_install() -> bool:
    """Whether this is root on a system with apt-get."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(package: str, what_for: str, progress: Progress) -> None:
    """Installs one package.

    Raises Problem where this user may not, with the command to run, or where it fails.
    """
    if not can_install():
        raise Problem(
            f"{what_for} {package}, which is not installed; install it (on Debian and Ubuntu: "
            f"sudo apt-get update && sudo apt-get install -y {package}) and run the command again."
        )
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    with progress.step(f"{package}, with apt-get"):
        proc.capture(["apt-get", "update"], env=environment)
        done = proc.capture(["apt-get", "install", "-y", package], env=environment)
        if done.returncode:
            raise Problem(f"{package} could not be installed:\n{tail(done.stdout + done.stderr)}")
