"""The only reader of the environment: typed values for settings, secrets also from files.

Order of precedence: the process environment, then `NAME_FILE` (a path whose content is the value), then `.env` (or the file named by `ENV_FILE`).
"""
import base64
import os
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

_env = environ.Env()
_env.prefix = ""
environ.Env.read_env(os.environ.get("ENV_FILE", BASE_DIR / ".env"))


def text(name: str, default: str | None = None) -> str:
    """The value of `name`; raises ImproperlyConfigured when it is missing and has no default."""
    path = _env.str(f"{name}_FILE", default="")
    if path:
        return Path(path).read_text(encoding="utf-8").strip()
    if default is None:
        return str(_env.str(name))
    return str(_env.str(name, default=default))


def flag(name: str, default: bool = False) -> bool:
    return bool(_env.bool(name, default=default))


def number(name: str, default: int) -> int:
    return int(_env.int(name, default=default))


def decimal_number(name: str, default: float) -> float:
    return float(_env.float(name, default=default))


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list; empty items are dropped."""
    return [item.strip() for item in text(name, default).split(",") if item.strip()]


def secret(name: str) -> str:
    """A secret of at least 32 characters; it has no default anywhere."""
    value = text(name)
    if len(value) < 32:
        raise ImproperlyConfigured(f"{name} must have at least 32 characters")
    return value


def wrapping_keys(name: str) -> list[tuple[str, bytes]]:
    """`id:base64 of 32 bytes`, comma-separated, newest first."""
    keys = []
    for item in words(name, text(name)):
        key_id, _, encoded = item.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name}: key {key_id!r} is not base64") from error
        if not key_id or len(key) != 32:
            raise ImproperlyConfigured(f"{name}: each key is `id:<base64 of 32 bytes>`")
        keys.append((key_id, key))
    if not keys:
        raise ImproperlyConfigured(f"{name} holds no key")
    return keys


def database(name: str, engine: str) -> dict[str, object]:
    """Connection settings from a URL such as postgresql://user:secret@host:5432/name."""
    config: dict[str, object] = dict(_env.db(name))
    config["ENGINE"] = engine
    return config
