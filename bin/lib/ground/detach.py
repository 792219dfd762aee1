"""Moves the rest of a command to the background, the caller waiting until it says that it is ready."""

import os
import signal
import sys
from collections.abc import Callable


def into_background() -> Callable[[], None]:
    """Forks; returns in the background process only, with the function that lets the caller go.

    The caller relays Ctrl-C, and ends with the background process's own exit code when that ends first.
    """
    readable, writable = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child:
        os.close(writable)
        _wait(child, readable)
    os.close(readable)
    os.setsid()

    def let_go() -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nothing, descriptor)
        os.write(writable, b"1")
        os.close(writable)

    return let_go


def _wait(child: int, readable: int) -> None:
    def relay(_number: int, _frame: object) -> None:
        os.kill(child, signal.SIGTERM)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, relay)
    if os.read(readable, 1):
        os._exit(0)
    _, status = os.waitpid(child, 0)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
