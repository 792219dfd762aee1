"""What the two commands say: one line a step, one clear sentence for each thing that can be wrong."""

import errno
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Problem(Exception):
    """Something a person can mend; the text is the whole message, without a traceback."""


def emit(text: str, end: str = "\n") -> None:
    """Prints at once; a reader that has gone away (`bin/up | head`) does not end the run."""
    try:
        print(text, end=end, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Step:
    """A step under way."""

    has_failed = False


class Progress:
    """Prints each step once, when it is done; on a terminal also what is going on right now."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self._live = sys.stdout.isatty()
        self._running: list[str] = []
        self._lock = threading.Lock()

    @contextmanager
    def step(self, name: str) -> Iterator["Step"]:
        """Times a block, which fails by raising or by saying so; steps may run in parallel threads."""
        begun = time.monotonic()
        with self._lock:
            self._running.append(name)
            self._clear()
            self._draw()
        step, is_through = Step(), False
        try:
            yield step
            is_through = True
        finally:
            mark = "failed" if step.has_failed or not is_through else "ok"
            with self._lock:
                self._running.remove(name)
                self._clear()
                emit(f"  {mark:<6} {name:<44} {time.monotonic() - begun:6.1f} s")
                self._draw()

    def say(self, text: str = "") -> None:
        """A line of its own between the steps."""
        with self._lock:
            self._clear()
            emit(text)
            self._draw()

    def elapsed(self) -> float:
        """Seconds since the command was started."""
        return time.monotonic() - self.started

    def _draw(self) -> None:
        if self._live and self._running:
            emit(f"  ...    {', '.join(self._running)}"[:110], end="")

    def _clear(self) -> None:
        if self._live:
            emit("\r\033[K", end="")


def sentence(error: Exception) -> str | None:
    """What to tell a person about an error that they can mend; None for a defect of ours."""
    if isinstance(error, Problem):
        return str(error)
    if not isinstance(error, OSError):
        return None
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "The disk is full; make room and run the command again."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS) and error.filename:
        return (
            f"{error.filename} is not for this user to use ({error.strerror}); run the command as its owner, "
            "or clone the repository to a folder that is yours."
        )
    return None


def tell(error: Exception) -> bool:
    """Says it on stderr; False when it is not for a person, and the traceback should be seen."""
    text = sentence(error)
    if text:
        print(f"\n{text}", file=sys.stderr, flush=True)
    return text is not None


def tail(text: str, lines: int = 15) -> str:
    """The last lines of an output, indented, for the end of a message."""
    return "\n".join("    " + line for line in text.strip().splitlines()[-lines:])
