"""Sealing stored texts again under the newest data key, in steps, while others read and write them.

A step reads some rows, seals what is under an older key, and writes it only where the old text still stands: whoever
changed a row meanwhile has sealed it anew already, or is found in the next walk.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection, models

from huntaze.kernel import crypto
from huntaze.kernel.crypto import DecryptionFailed
from huntaze.kernel.fields import EncryptedTextField


@dataclass(frozen=True, slots=True)
class Step:
    """What one step found. `last_pk` is where the next one begins, None at the end of the table."""

    last_pk: int | None
    seen: int = 0
    stale: int = 0
    changed: int = 0
    unreadable: int = 0


def sealed_models(*, of_workspaces: bool) -> list[type[models.Model]]:
    """Models with sealed columns, by table: those of workspaces, or those sealed with the installation's key."""
    found = [
        model
        for model in apps.get_models()
        if sealed_fields(model) and of_workspaces == _has_workspace(model) and not model._meta.proxy
    ]
    return sorted(found, key=lambda model: model._meta.db_table)


def sealed_fields(model: type[models.Model]) -> list[EncryptedTextField[Any, Any]]:
    return [field for field in model._meta.concrete_fields if isinstance(field, EncryptedTextField)]


def reseal(model: type[models.Model], *, after_pk: int, version: int, limit: int) -> Step:
    """One step over a table, in the open scope: texts under another key than `version` are sealed again."""
    fields = sealed_fields(model)
    names = [field.name for field in fields]
    needed = ["pk", "uid", *names, *(["workspace_id"] if _has_workspace(model) else [])]
    rows = list(model._default_manager.filter(pk__gt=after_pk).order_by("pk").only(*needed)[:limit])
    stale = changed = unreadable = 0
    for field in fields:
        moves = []
        for row, text in _stale(rows, field, version):
            stale += 1
            try:
                moves.append((row.pk, text, _sealed_anew(row, field)))
            except DecryptionFailed:
                unreadable += 1
        changed += _write(model, field, moves)
    return Step(rows[-1].pk if len(rows) == limit else None, len(rows), stale, changed, unreadable)


def replace(rows: Sequence[models.Model], name: str, text: str) -> None:
    """Put one text into a sealed column of rows that the caller has locked or knows to be still."""
    if not rows:
        return
    model = type(rows[0])
    field = next(field for field in sealed_fields(model) if field.name == name)
    fresh = [crypto.encrypt(text, **field.place_of(row)) for row in rows]
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {quote(model._meta.db_table)} AS here"  # noqa: S608 (names of our own models)
            f"   SET {quote(str(field.column))} = move.fresh"
            "  FROM unnest(%s::bigint[], %s::text[]) AS move (pk, fresh) WHERE here.id = move.pk",
            [[row.pk for row in rows], fresh],
        )


def _has_workspace(model: type[models.Model]) -> bool:
    return any(field.attname == "workspace_id" for field in model._meta.concrete_fields)


def _stale(
    rows: list[Any], field: EncryptedTextField[Any, Any], version: int
) -> Iterator[tuple[models.Model, str]]:
    for row in rows:
        sealed = getattr(row, field.attname)
        if sealed is not None and _version_of(sealed.stored_text()) != version:
            yield row, sealed.stored_text()


def _version_of(text: str) -> int | None:
    try:
        return crypto.key_version(text)
    except DecryptionFailed:  # not a sealed text at all: counted as one that does not open
        return None


def _sealed_anew(row: models.Model, field: EncryptedTextField[Any, Any]) -> str:
    return crypto.encrypt(getattr(row, field.attname).reveal(), **field.place_of(row))


def _write(
    model: type[models.Model], field: EncryptedTextField[Any, Any], moves: list[tuple[int, str, str]]
) -> int:
    """Compare and set, all rows in one statement; returns how many still held the old text."""
    if not moves:
        return 0
    quote = connection.ops.quote_name
    table, column = quote(model._meta.db_table), quote(str(field.column))
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} AS here SET {column} = move.fresh"  # noqa: S608 (names of our own models)
            "  FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS move (pk, old, fresh)"
            f" WHERE here.id = move.pk AND here.{column} = move.old",
            [list(column_) for column_ in zip(*moves, strict=True)],
        )
        return int(cursor.rowcount)
