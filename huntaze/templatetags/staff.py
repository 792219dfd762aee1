"""Tags of the staff's pages."""

from typing import Any

from django import template

from huntaze.kernel import columns

register = template.Library()
register.filter("told", lambda code, column: columns.told(column, code))


@register.filter
def stated(field: Any) -> Any:
    """What a read-only field of a row's page says: as its column does, or as Django would."""
    name, row = field.field["field"], field.form.instance
    column = columns.column_of(type(row), name) if isinstance(name, str) else name
    return column(row) if isinstance(name, str) and callable(column) else field.contents()
