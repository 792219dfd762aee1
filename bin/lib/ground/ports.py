"""Ports on the loopback address: which are taken, and which are free for our own services."""

import random
import socket

from ground.messages import Problem

HOST = "127.0.0.1"
# Below the kernel's ephemeral range (32768 and up), where client sockets sit on ports nobody listens on.
FREE_RANGE = range(20000, 32000)


def is_free(port: int) -> bool:
    """Whether a server could listen on the port right now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def require_free(port: int, what: str, option: str) -> None:
    """Raises Problem with the one sentence that names the port and the way out."""
    if not 1 <= port <= 65535:
        raise Problem(f"{port} is not a port; give {option} a number from 1 to 65535.")
    if not is_free(port):
        raise Problem(
            f"Port {port} for {what} is taken by another program; stop that program or choose another port "
            f"with {option} N (for example {option} {pick_free()})."
        )


def pick_free(prefer: int | None = None) -> int:
    """A free port, the preferred one when it still is."""
    if prefer and is_free(prefer):
        return prefer
    for port in random.sample(FREE_RANGE, 200):
        if is_free(port):
            return port
    raise Problem(f"No free port was found between {FREE_RANGE.start} and {FREE_RANGE.stop} on {HOST}.")
