"""What the two commands say: one line a step, one clear sentence for each thing that can be wrong."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Problem(Exception):
    """Something a person can mend; the text is the whole message, without a traceback."""


class Progress:
    """Prints each step once, when it is done; on a terminal also what is going on right now."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self._live = sys.stdout.isatty()
        self._running: list[str] = []
        self._lock = threading.Lock()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Times a block; steps may run in parallel threads."""
        begun = time.monotonic()
        with self._lock:
            self._running.append(name)
            self._draw()
        mark = "failed"
        try:
            yield
            mark = "ok"
        finally:
            with self._lock:
                self._running.remove(name)
                self._clear()
                print(f"  {mark:<6} {name:<44} {time.monotonic() - begun:6.1f} s", flush=True)
                self._draw()

    def say(self, text: str = "") -> None:
        """A line of its own between the steps."""
        with self._lock:
            self._clear()
            print(text, flush=True)
            self._draw()

    def elapsed(self) -> float:
        """Seconds since the command was started."""
        return time.monotonic() - self.started

    def _draw(self) -> None:
        if self._live and self._running:
            print(f"  ...    {', '.join(self._running)}"[:110], end="", flush=True)

    def _clear(self) -> None:
        if self._live:
            print("\r\033[K", end="")


def tail(text: str, lines: int = 15) -> str:
    """The last lines of an output, indented, for the end of a message."""
    return "\n".join("    " + line for line in text.strip().splitlines()[-lines:])
