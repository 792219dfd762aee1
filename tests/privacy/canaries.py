"""Words that occur nowhere else, put wherever a person may leave one; and a search that finds them wherever they lie.

The search looks at the data as a thief with the keys would: every text and byte column of every table, sealed columns
opened as far as they open, every key and value in Redis, and every file wherever files lie: media, mails written as
files, static files, the folder of everything that runs.
"""

import base64
import gzip
import json
import zipfile
from collections.abc import Iterable, Iterator
from email import message_from_bytes
from importlib import import_module
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection

from accounts.models import BrowserSession
from huntaze.kernel import redis
from huntaze.kernel.crypto import DecryptionFailed, Sealed
from huntaze.kernel.fields import EncryptedTextField
from huntaze.kernel.tenancy import cross_workspace


def found(canaries: Iterable[str]) -> dict[str, set[str]]:
    """Where each canary lies: `table.column`, `redis` or `file`; canaries that lie nowhere are left out."""
    wanted = {word: _forms(word) for word in canaries}
    places: dict[str, set[str]] = {}
    for place, haystack in (*_tables(), *_opened(), *_sessions(), *_redis(), *_files()):
        low = haystack.lower()
        for word, forms in wanted.items():
            if any(form in low for form in forms):
                places.setdefault(word, set()).add(place)
    return places


def _forms(word: str) -> list[bytes]:
    """As it is, and as it looks inside JSON, base64 of either alignment and PostgreSQL's hexadecimal dumps."""
    raw = word.lower().encode()
    return [raw, raw.hex().encode(), json.dumps(word.lower()).strip('"').encode()]


def _tables() -> Iterator[tuple[str, bytes]]:
    """Every column of every table of the database, as SQL shows it, tables without a model too."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = current_schema() ORDER BY 1, 2"
        )
        columns = cursor.fetchall()
        for table, column in columns:
            cursor.execute(f'SELECT "{column}"::text FROM "{table}" WHERE "{column}" IS NOT NULL')
            for (value,) in cursor.fetchall():
                yield f"{table}.{column}", value.encode()


def _opened() -> Iterator[tuple[str, bytes]]:
    """Sealed columns, opened with whatever keys there still are."""
    for model in apps.get_models():
        fields = [field for field in model._meta.concrete_fields if isinstance(field, EncryptedTextField)]
        if not fields:
            continue
        with cross_workspace("demo"):
            rows = list(model._default_manager.all())
        for row in rows:
            for field in fields:
                place = f"{model._meta.db_table}.{field.column} (opened)"
                yield place, _text(getattr(row, field.attname)).encode()


def _text(sealed: Sealed | None) -> str:
    try:
        text = sealed.reveal() if sealed is not None else ""
    except DecryptionFailed:
        return ""
    try:  # an export's packed rows
        import zlib

        return text + zlib.decompress(base64.b64decode(text)).decode()
    except (ValueError, zlib.error):
        return text


def _sessions() -> Iterator[tuple[str, bytes]]:
    """What browsers' sessions remember lies packed in its column."""
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    for data in BrowserSession.objects.values_list("session_data", flat=True):
        yield "accounts_browsersession.session_data (opened)", json.dumps(store.decode(data)).encode()


def _redis() -> Iterator[tuple[str, bytes]]:
    client = redis.client()
    readers: dict[bytes, Any] = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"list": lambda key: client.lrange(key, 0, -1),
        b"set": client.smembers,
        b"zset": lambda key: client.zrange(key, 0, -1),
        b"stream": client.xrange,
    }
    for key in client.scan_iter():
        kind = client.type(key)
        kind = kind if isinstance(kind, bytes) else str(kind).encode()
        yield "redis", str(key).encode() + repr(readers[kind](key)).encode()


def folders() -> list[Path]:
    """Every folder that the product writes files to or hands files out of."""
    named = [settings.MEDIA_ROOT, settings.STATIC_ROOT, settings.EMAIL_FILE_PATH, *settings.STATICFILES_DIRS]
    return [Path(str(folder)) for folder in named if folder]


def _files() -> Iterator[tuple[str, bytes]]:
    """Names and contents; mails as they are read, packed files unpacked."""
    for path in (
        path for folder in folders() if folder.is_dir() for path in folder.rglob("*") if path.is_file()
    ):
        body = path.read_bytes()
        yield "file", str(path).encode() + body
        if path.suffix == ".log":
            for letter in body.split(b"-" * 79):
                parts = message_from_bytes(letter.lstrip()).walk()
                yield "file", b"".join(part.get_payload(decode=True) or b"" for part in parts)  # type: ignore[misc]
        elif path.suffix == ".gz":
            yield "file", gzip.decompress(body)
        elif zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                yield from (("file", archive.read(name)) for name in archive.namelist())
