"""The browser of the browser tests: Debian's Chromium, installed where this user may."""

import os
import shutil

from ground import proc
from ground.messages import Problem, Progress, tail

_NAMES = ("chromium", "chromium-browser", "google-chrome")


def ensure(progress: Progress) -> str:
    """The path of a Chromium.

    Raises Problem with the command to run where it can't be installed from here.
    """
    found = _find()
    if found:
        return found
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Problem(
            "The browser tests need Chromium, which is not installed; install it "
            "(on Debian: sudo apt-get update && sudo apt-get install -y chromium) and run the command again."
        )
    with progress.step("Chromium for the browser tests"):
        for command in (["apt-get", "update"], ["apt-get", "install", "-y", "chromium"]):
            environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
            done = proc.capture(command, env=environment)
        found = _find()
        if done.returncode or not found:
            raise Problem(f"Chromium could not be installed:\n{tail(done.stdout + done.stderr)}")
    return found


def _find() -> str | None:
    return next(filter(None, map(shutil.which, _NAMES)), None)
