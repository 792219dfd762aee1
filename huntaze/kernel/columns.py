"""What stands in the columns of the staff's lists: moments as the house writes them, codes in people's words.

The composition root says what codes, columns and tables are called; a code without words stands as it is.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import ModelAdmin
from django.db import models
from django.db.models import Model
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString

from huntaze.templatetags.house import when

Words = Mapping[Any, str | Promise]
_codes: dict[str, Words] = {}
_columns: dict[tuple[str, str], Any] = {}


def call_codes(codes: Mapping[str, Words]) -> None:
    """What the codes of a column are called, by the column's name or, where tables differ, by `app.model.column`."""
    _codes.update(codes)


def call_tables(
    tables: Mapping[str, tuple[str | Promise, str | Promise]], columns: Words, listed: Iterable[type[Model]]
) -> None:
    """Names of tables, one and many, by `app_model`, and of their columns, for pages; migrations don't see them. A
    column that its table has named keeps that name."""
    for model in listed:
        meta: Any = model._meta
        name = f"{meta.app_label}_{meta.model_name}"
        meta.verbose_name, meta.verbose_name_plural = tables.get(
            name, (meta.verbose_name, meta.verbose_name_plural)
        )
        for field in meta.local_fields:
            if field._verbose_name is None and field.name in columns:
                field.verbose_name = columns[field.name]


def words_of(model: type[Model], column: str) -> Words:
    return _codes.get(f"{model._meta.label_lower}.{column}") or _codes.get(column, {})


def told(column: str, code: Any) -> str:
    """A code of `column` or of `app.model.column` in words, without a tooltip."""
    words = _codes.get(column) or _codes.get(column.rpartition(".")[2], {})
    return str(words.get(code) or code or "–")


def worded(words: Words, code: Any) -> SafeString | str:
    """A code in words; the code itself is in the tooltip."""
    if code in (None, ""):
        return "–"
    told = words.get(code)
    return format_html('<span title="{}">{}</span>', code, told) if told else str(code)


def column_of(model: Any, name: Any) -> Any:
    """A column for `list_display`: the field's name, or a function of the row where the house writes it differently,
    which is the same each time: sorting tells columns apart by it."""
    key = (model._meta.label_lower, name)
    if key not in _columns:
        _columns[key] = _column(model, name)
    return _columns[key]


def _column(model: Any, name: str) -> Any:
    field: Any = next((one for one in model._meta.concrete_fields if one.name == name), None)
    is_coded = field is not None and not field.is_relation and bool(words_of(model, name))
    if not isinstance(field, models.DateTimeField) and not is_coded:
        return name

    def column(row: Any) -> SafeString | str:
        value = getattr(row, name)
        if isinstance(field, models.DateTimeField):
            return when(value)
        return worded(words_of(model, name), value)

    column.__name__ = name
    column.short_description = field.verbose_name  # type: ignore[attr-defined]
    column.admin_order_field = name  # type: ignore[attr-defined]
    return column


class WordsFilter(admin.ChoicesFieldListFilter):
    """By a code, offered in words."""

    def __init__(self, field: Any, request: HttpRequest, params: Any, model: Any, *args: Any, **more: Any):
        super().__init__(field, request, params, model, *args, **more)
        self.words = words_of(field.model, field.name)

    def choices(self, changelist: Any) -> Any:
        every, *each = super().choices(changelist)
        yield every
        for choice, (code, _label) in zip(each, self.field.flatchoices, strict=False):
            yield choice | {"display": worded(self.words, code)}


class Worded(ModelAdmin):  # type: ignore[type-arg]
    """Lists whose columns and filters speak."""

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return [column_of(self.model, name) for name in super().get_list_display(request)]

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        return [self._filter(one) for one in super().get_list_filter(request)]

    def _filter(self, one: Any) -> Any:
        if not isinstance(one, str):
            return one
        *path, name = one.split("__")
        model: Any = self.model
        for step in path:
            model = model._meta.get_field(step).related_model
        field = model._meta.get_field(name)
        return (one, WordsFilter) if getattr(field, "choices", None) and words_of(model, name) else one
