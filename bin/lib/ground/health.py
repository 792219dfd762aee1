"""Asks the running processes whether they are well."""

import json
import urllib.error
import urllib.request

# Loopback is never reached through a proxy, whatever the environment says.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get(url: str) -> tuple[int, bytes]:
    """Status and body; status 0 when nothing answers."""
    try:
        with _opener.open(url, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except (OSError, ValueError):
        return 0, b""


def is_up(url: str) -> bool:
    """Whether the address answers 200."""
    return get(url)[0] == 200


def overall(base: str) -> str:
    """The word of GET /api/health: healthy, degraded, unhealthy, or empty without an answer."""
    _, body = get(f"{base}/api/health")
    try:
        document = json.loads(body)
    except ValueError:
        return ""
    return str(document.get("status", "")) if isinstance(document, dict) else ""
