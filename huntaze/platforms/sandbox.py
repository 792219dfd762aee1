"""What never leaves for a real platform: accounts that a demo made up, and a demo's workspace as a whole."""

from urllib.parse import urlsplit

#: Our sandbox runs on this machine; no real platform does.
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
#: How the id of an account begins that exists nowhere outside: no vendor gives out such ids.
MADE_UP = "demo_"


def is_sandbox(base_url: str) -> bool:
    """Whether a platform's address is that of a sandbox on this machine."""
    return urlsplit(base_url).hostname in LOOPBACK


def is_made_up(external_id: str) -> bool:
    return external_id.startswith(MADE_UP)


def names_made_up(path: str) -> bool:
    """Whether a call would name an account that exists nowhere."""
    return any(is_made_up(part) for part in path.split("/"))
