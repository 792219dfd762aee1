"""Which addresses and folders each process is told, on top of what the person set.

The person's environment wins, then what bin/up knows of the servers it runs, then `.env`.
"""

import os
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from ground.place import Place

SANDBOX = "sandbox"
SANDBOX_COMMAND = "python -m sandbox --port $SANDBOX_PORT --profile demo --state var/sandbox.json"
_SANDBOX_PATH, _STRIPE_PATH = "/onlyfansapi", "/stripe"
#: Addresses of the other platforms, each below the sandbox's; set by a person, they stay.
_OTHERS = {
    "INSTAGRAM_AUTH_URL": "/instagram/www",
    "INSTAGRAM_API_URL": "/instagram/api",
    "INSTAGRAM_GRAPH_URL": "/instagram/graph",
    "TIKTOK_AUTH_URL": "/tiktok/www",
    "TIKTOK_API_URL": "/tiktok/open",
    "WHATSAPP_AUTH_URL": "/whatsapp",
    "WHATSAPP_GRAPH_URL": "/whatsapp",
}
#: What the sandbox knows our applications by.
_APPS = {
    "INSTAGRAM_APP_ID": "instagram_sandbox",
    "INSTAGRAM_APP_SECRET": "instagram_secret_0123456789",
    "TIKTOK_CLIENT_KEY": "tiktok_sandbox",
    "TIKTOK_CLIENT_SECRET": "tiktok_secret_0123456789",
    "WHATSAPP_APP_ID": "whatsapp_sandbox",
    "WHATSAPP_APP_SECRET": "whatsapp_secret_0123456789",
    "WHATSAPP_CONFIG_ID": "1",
}
#: What message packs cost in a demo; an operator sets their own.
DEMO_PACKS = ("25k=49.00", "100k=149.00", "500k=499.00")


def uses_sandbox(person: Mapping[str, str]) -> bool:
    """Whether the platform's address is our sandbox's, so that the demo may be built."""
    address = person.get("ONLYFANSAPI_BASE_URL", "")
    return not address or (_is_loopback(address) and urlsplit(address).path.rstrip("/") == _SANDBOX_PATH)


def uses_sandbox_stripe(person: Mapping[str, str]) -> bool:
    """Whether payments go to our sandbox, so that it has to know where our webhook is."""
    address = person.get("STRIPE_API_BASE", "")
    return _is_loopback(address) and urlsplit(address).path.rstrip("/") == _STRIPE_PATH


def addresses(person: Mapping[str, str], port: int, sandbox_port: int, events_port: int) -> dict[str, str]:
    """The values that follow from the ports of this run; a real domain in BASE_URL stays."""
    base = f"http://127.0.0.1:{port}"
    told = {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "SANDBOX_PORT": str(sandbox_port),
        "EVENTS_PORT": str(events_port),
    }
    if _is_loopback(person.get("BASE_URL", base)):
        told["EVENTS_LOOPBACK_PORT"] = str(events_port)  # there is no proxy that leads /events to it
        told |= {"BASE_URL": base, "CSRF_TRUSTED_ORIGINS": f"{base},http://localhost:{port}"}
    if uses_sandbox(person):
        told["ONLYFANSAPI_BASE_URL"] = f"http://127.0.0.1:{sandbox_port}{_SANDBOX_PATH}"
        told |= _others(person, sandbox_port)
    if uses_sandbox_stripe(person):
        told |= {
            "STRIPE_API_BASE": f"http://127.0.0.1:{sandbox_port}{_STRIPE_PATH}",
            "SANDBOX_STRIPE_WEBHOOK_URL": f"{base}/api/webhooks/stripe",
            "SANDBOX_STRIPE_WEBHOOK_SECRET": person.get("STRIPE_WEBHOOK_SECRETS", "").split(",")[0],
        }
    return told


def _others(person: Mapping[str, str], sandbox_port: int) -> dict[str, str]:
    """Instagram, TikTok and WhatsApp are the sandbox's too, each unless the person set anything of it."""
    wanted = {name: f"http://127.0.0.1:{sandbox_port}{path}" for name, path in _OTHERS.items()} | _APPS
    theirs = {name.partition("_")[0] for name in wanted if person.get(name)}
    return {name: value for name, value in wanted.items() if name.partition("_")[0] not in theirs}


def with_tools(place: Place, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with this clone's programs found first."""
    path = f"{place.venv / 'bin'}{os.pathsep}{environment.get('PATH', os.defpath)}"
    return dict(environment, PATH=path, PYTHONUNBUFFERED="1")


def for_process(place: Place, name: str) -> dict[str, str]:
    """What differs from process to process: its name among the metrics, and how the web server ends."""
    own = {"PROMETHEUS_MULTIPROC_DIR": str(_metrics(place)), "HUNTAZE_PROCESS": name}
    if name == "web":
        own["WEB_DRAIN_SECONDS"] = "0"  # nothing balances load here, so nobody has to look away first
    return own


def empty_metrics(place: Place) -> None:
    """A new folder for the numbers that the processes share: those of the last run have ended with it."""
    shutil.rmtree(_metrics(place), ignore_errors=True)
    _metrics(place).mkdir()


def write_exports(path: Path, told: Mapping[str, str]) -> None:
    """A file to source before running manage.py by hand; private: it holds the database's password."""
    text = "".join(f"export {key}={shlex.quote(value)}\n" for key, value in sorted(told.items()))
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _metrics(place: Place) -> Path:
    return place.var / "metrics"


def _is_loopback(address: str) -> bool:
    return urlsplit(address).hostname in ("127.0.0.1", "localhost", "::1")
