"""docs/data-map.md names every column that can hold a text: what of a person may stand in it, or that none does."""

import re

from django.apps import apps
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

TEXT = (
    models.CharField, models.TextField, models.JSONField, models.BinaryField, models.GenericIPAddressField,
    models.FileField, ArrayField,
)  # fmt: skip
#: Columns that mean the same everywhere and name nobody.
HOUSE = {"trace_id", "last_error", "state"}
GROUNDS = {"contract", "law", "interest", "consent"}
WHOSE = {"fans", "creators", "members", "visitors"}
#: Until something is erased, or without the name for as long as the law wants.
UNTIL = {"fan", "creator", "workspace", "person", "law"}
_ROW = re.compile(r"^\| `(\w+\.\w+)` \| (\w+) \| ([^|]+) \| (\w+) \| (\w+) \|$", re.MULTILINE)
_LINE = re.compile(r"^- `(\w+)`: (.+)$", re.MULTILINE)


def page() -> str:
    return (settings.BASE_DIR / "docs" / "data-map.md").read_text(encoding="utf-8")


def can_say_something(field: models.Field) -> bool:  # type: ignore[type-arg]
    return isinstance(field, TEXT) and not field.choices and field.column not in HOUSE


def columns() -> set[str]:
    return {
        f"{model._meta.db_table}.{field.column}"
        for model in apps.get_models(include_auto_created=True)
        if not model._meta.proxy and model._meta.managed
        for field in model._meta.concrete_fields
        if can_say_something(field)
    }


def personal() -> list[str]:
    return [row[0] for row in _ROW.findall(page())]


def others() -> list[str]:
    return [
        f"{table}.{column}"
        for table, names in _LINE.findall(page())
        for column in re.findall(r"`(\w+)`", names)
    ]


def test_every_column_that_can_hold_a_text_is_on_the_page_once() -> None:
    named = [*personal(), *others()]
    assert {"missing": columns() - set(named), "gone": set(named) - columns()} == {
        "missing": set(),
        "gone": set(),
    }
    assert sorted(named) == sorted(set(named))


def test_every_line_says_whose_why_and_how_long() -> None:
    rows = _ROW.findall(page())
    assert len(rows) == len(re.findall(r"^\| `", page(), re.MULTILINE))
    wrong = [
        row[0]
        for row in rows
        if row[1] not in WHOSE
        or row[3] not in GROUNDS
        or row[4] not in UNTIL | set(settings.RETENTION)
        or len(row[2].strip()) < 10
    ]
    assert wrong == []


def test_what_is_sealed_is_personal_or_a_secret_and_says_so() -> None:
    """A sealed column is sealed because of what stands in it."""
    from huntaze.kernel.fields import EncryptedTextField

    sealed = {
        f"{model._meta.db_table}.{field.column}"
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, EncryptedTextField)
    }
    said = {row[0] for row in _ROW.findall(page()) if "sealed" in row[2]}
    secrets = {
        "accounts_oauthstate.verifier",
        "accounts_webhooksubscription.secret",
        "accounts_webhooksubscription.old_secret",
    }
    assert (sealed - said - secrets, said - sealed) == (set(), set())
