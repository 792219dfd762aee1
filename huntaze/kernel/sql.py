"""Statements written by hand for the few paths where building one by the ORM costs more than running it.

Values are bound on the server, and what a connection has seen five times is prepared there: parsed and planned once.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, OperationalError, connection, connections, transaction
from django.db.models import QuerySet

from huntaze.kernel.errors import TookTooLong


@contextmanager
def cursor() -> Iterator[psycopg.Cursor[Any]]:
    """A cursor on Django's connection, inside its transaction; errors are Django's."""
    own = connections[DEFAULT_DB_ALIAS]  # the proxy looks the thread's connection up anew for each attribute
    own.close_if_health_check_failed()
    own.ensure_connection()
    own.validate_no_broken_transaction()
    with own.wrap_database_errors, psycopg.Cursor(own.connection) as cursor:
        yield cursor


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Statements in here may take so long each; raises TookTooLong, and what they changed is undone."""
    with transaction.atomic():
        before = _limited(f"{max(1, round(seconds * 1000))}ms")
        try:
            yield
        except OperationalError as error:
            if isinstance(error.__cause__, psycopg.errors.QueryCanceled):
                raise TookTooLong from error
            raise
        _limited(before)  # a transaction around this one goes on with the limit that it had


def _limited(limit: str) -> str:
    """Set how long a statement of this transaction may take; returns what held before."""
    with connection.cursor() as plain:
        plain.execute("SELECT current_setting('statement_timeout')")
        before: str = plain.fetchone()[0]
        plain.execute("SELECT set_config('statement_timeout', %s, true)", [limit])
    return before


def execute(statement: str, values: Mapping[str, Any]) -> None:
    with _run(statement, values):
        pass


def rows(statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with _run(statement, values) as done:
        return done.fetchall()


def counts(asked: Sequence[QuerySet[Any]], most: int) -> list[int]:
    """How many rows each of these has, each counted to at most `most`; one query for all."""
    if not asked:
        return []
    parts: list[str] = []
    values: list[Any] = []
    for rows in asked:
        text, bound = rows.order_by().values("pk")[:most].query.sql_with_params()
        parts.append(f"(SELECT count(*) FROM ({text}) found)")  # noqa: S608 (the ORM's own text, its values bound)
        values += bound
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", values)
        return list(cursor.fetchone())


def row(statement: str, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """The first row, None when there is none."""
    with _run(statement, values) as done:
        return done.fetchone()


def analyze(*tables: str) -> None:
    """Renew the statistics of tables (constants of ours) into which much was written: until autovacuum has seen it, the
    planner takes them for as small as they were."""
    with connection.cursor() as plain:
        for table in tables:
            plain.execute(f"ANALYZE {table}")


@contextmanager
def _run(statement: str, values: Mapping[str, Any]) -> Iterator[psycopg.Cursor[Any]]:
    """Who counts queries or wraps them sees these too."""
    with cursor() as opened:

        def run(statement: str, values: Mapping[str, Any], many: bool, context: Any) -> Any:
            return opened.execute(statement, values)

        if connection.queries_logged:
            connection.queries_log.append({"sql": statement, "time": "0"})
        for wrapper in reversed(connection.execute_wrappers):
            run = partial(wrapper, run)
        run(statement, values, False, {"connection": connection, "cursor": opened})
        yield opened
