"""The `.env` file: generated secrets for this clone, written once and never overwritten."""

import base64
import os
import secrets
from collections.abc import Callable
from pathlib import Path

_HEAD = """\
# Settings of this clone, made by bin/up. Yours to edit: what is here is never changed, only completed.
# Without DATABASE_URL and REDIS_URL, bin/up runs its own PostgreSQL and Valkey under var/.
"""


def token() -> str:
    """43 characters of 32 random bytes."""
    return secrets.token_urlsafe(32)


def _content_keys() -> str:
    return "k1:" + base64.b64encode(secrets.token_bytes(32)).decode()


def defaults(port: int, sandbox_port: int) -> dict[str, Callable[[], str]]:
    """Every key a local clone needs, with the maker of its first value."""
    return {
        "SECRET_KEY": lambda: secrets.token_urlsafe(64),
        "JWT_SIGNING_KEY": token,
        "REFRESH_KEY": token,
        "BLIND_INDEX_KEY": token,
        "CRYPTO_KEKS": _content_keys,
        "OPS_TOKEN": token,
        "DEMO": lambda: "1",
        "DEBUG": lambda: "0",
        "COOKIE_SECURE": lambda: "0",
        "ALLOWED_HOSTS": lambda: "127.0.0.1,localhost",
        "BASE_URL": lambda: f"http://127.0.0.1:{port}",
        "ONLYFANSAPI_BASE_URL": lambda: f"http://127.0.0.1:{sandbox_port}/onlyfansapi",
        "ONLYFANSAPI_API_KEY": lambda: "ofapi_sandbox_0123456789",
        "ONLYFANSAPI_WEBHOOK_SECRETS": token,
        "STRIPE_SECRET_KEY": lambda: "sk_test_sandbox00000000000123456789",
        "STRIPE_API_BASE": lambda: f"http://127.0.0.1:{sandbox_port}/stripe",
        "STRIPE_WEBHOOK_SECRETS": lambda: f"whsec_{token()}",
    }


def read(path: Path) -> dict[str, str]:
    """KEY=VALUE lines as a dictionary; comments and blank lines are left out."""
    if not path.exists():
        return {}
    values: dict[str, str] = {}
    for raw in path.read_text().splitlines():
        key, sign, value = raw.strip().removeprefix("export ").partition("=")
        if sign and not key.startswith("#"):
            values[key.strip()] = value.strip().strip("'\"")
    return values


def complete(path: Path, wanted: dict[str, Callable[[], str]]) -> list[str]:
    """Adds the missing keys and returns their names; what is there stays as it is, byte for byte."""
    present = read(path)
    missing = [key for key in wanted if key not in present]
    if missing:
        before = path.read_text() if path.exists() else _HEAD
        if before and not before.endswith("\n"):
            before += "\n"
        _write_private(path, before + "".join(f"{key}={wanted[key]()}\n" for key in missing))
    return missing


def _write_private(path: Path, text: str) -> None:
    """Replaces the file at once, readable by its owner only from its first byte on."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
