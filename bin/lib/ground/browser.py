"""The browser of the browser tests: Debian's Chromium, installed where this user may."""

import shutil

from ground import debian
from ground.messages import Problem, Progress

_NAMES = ("chromium", "chromium-browser", "google-chrome")


def ensure(progress: Progress) -> str:
    """The path of a Chromium.

    Raises Problem with the command to run where it can't be installed from here.
    """
    if not _find():
        debian.install("chromium", "The browser tests need", progress)
    found = _find()
    if not found:
        raise Problem(f"apt-get has installed chromium, but none of {', '.join(_NAMES)} is on the PATH.")
    return found


def _find() -> str | None:
    return next(filter(None, map(shutil.which, _NAMES)), None)
