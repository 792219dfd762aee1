"""Typed values for settings from the environment, also from files.

Order of precedence: `NAME` in the process environment, then `NAME_FILE` (a path whose content is the value), then
`.env` (or the file named by `ENV_FILE`). `huntaze/gunicorn.py` and `huntaze/kernel/metric_files.py` read for
themselves what they need before there are settings.
"""

import base64
import os
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import environ
from django.core.exceptions import ImproperlyConfigured

Number = TypeVar("Number", int, float)
BASE_DIR = Path(__file__).resolve().parent.parent

#: `.env` apart from the process environment, so that a `NAME_FILE` from outside can stand between the two.
_dotenv: dict[str, str] = {}


class _DotEnv(environ.Env):  # type: ignore[misc]
    ENVIRON = _dotenv


_DotEnv.read_env(os.environ.get("ENV_FILE", BASE_DIR / ".env"))


def text(name: str, default: str | None = None) -> str:
    """The value of `name`; raises ImproperlyConfigured when it is missing and has no default."""
    if name in os.environ:
        return os.environ[name]
    path = os.environ.get(f"{name}_FILE") or _dotenv.get(f"{name}_FILE")
    if path:
        return _content(name, path)
    value = _dotenv.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"Set the {name} environment variable")
    return value


def _content(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE can't be read: {error.strerror}") from error


def flag(name: str, default: bool = False) -> bool:
    return text(name, str(default)).strip().lower() in environ.Env.BOOLEAN_TRUE_STRINGS


def number(name: str, default: int) -> int:
    return _converted(name, str(default), int)


def decimal_number(name: str, default: float) -> float:
    return _converted(name, str(default), float)


def _converted(name: str, default: str, kind: type[Number]) -> Number:
    value = text(name, default)
    try:
        return kind(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a number") from error


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


def periods(name: str, defaults: dict[str, float]) -> dict[str, timedelta]:
    """Periods by name, in days, changed by `name=days` pairs such as `mails=14,audit=1096`."""
    found = dict(defaults)
    for word in words(name):
        key, _, days = word.partition("=")
        if key not in defaults or not days.strip().isdecimal():
            raise ImproperlyConfigured(f"{name}: {word!r} is not `name=days`; names: {', '.join(defaults)}")
        found[key] = float(days)
    return {key: timedelta(days=days) for key, days in found.items()}


def mail(name: str, default: str) -> dict[str, object]:
    """Settings of outgoing mail from a URL: smtp+tls://user:secret@host:587, smtp+ssl://…, consolemail://, or
    filemail:///folder."""
    return dict(environ.Env.email_url_config(text(name, default)))


def database(name: str, engine: str) -> dict[str, object]:
    """Connection settings from a URL such as postgresql://user:secret@host:5432/name."""
    config: dict[str, object] = dict(environ.Env.db_url_config(text(name)))
    config["ENGINE"] = engine
    return config
