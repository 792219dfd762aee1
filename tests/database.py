"""Emptying the test database between tests that commit.

Django truncates every table and lets `post_migrate` write its rows again: a third of a second for a hundred tables of
which most are empty. Here only tables that hold something are emptied, and rows that migrations wrote come back.
"""

from django.db import connection
from django.test import TransactionTestCase

#: Rows that only migrations and `post_migrate` write.
_LASTING = {"django_migrations", "django_content_type", "auth_permission"}
#: Above this a table is truncated: deleting row by row, and the dead rows it leaves, would cost more.
_LARGE_BYTES = 1_000_000
_TABLES = """
SELECT c.relname, pg_relation_size(c.oid), to_regclass('as_migrated.' || quote_ident(c.relname)) IS NOT NULL
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname = 'public'
   AND (pg_relation_size(c.oid) > 0 OR to_regclass('as_migrated.' || quote_ident(c.relname)) IS NOT NULL)
"""


def keep_migrated_rows() -> None:
    """Copies what the migrations left, once a run; `empty_tables` puts it back."""
    TransactionTestCase._fixture_teardown = _teardown
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS as_migrated CASCADE; CREATE SCHEMA as_migrated")
        cursor.execute(_TABLES)
        for name in {name for name, _, _ in cursor.fetchall()} - _LASTING:
            cursor.execute(f'CREATE TABLE as_migrated."{name}" AS TABLE public."{name}"')


def empty_tables() -> None:
    """Every table as the migrations left it. Triggers stand aside: the audit log refuses to be emptied."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        found = [row for row in cursor.fetchall() if row[0] not in _LASTING]
        orders = ["BEGIN", "SET LOCAL session_replication_role = replica"]
        for name, size, _ in found:
            orders.append(f'TRUNCATE "{name}" CASCADE' if size > _LARGE_BYTES else f'DELETE FROM "{name}"')
        orders += [
            f'INSERT INTO "{name}" SELECT * FROM as_migrated."{name}"' for name, _, kept in found if kept
        ]
        cursor.execute("; ".join([*orders, "COMMIT"]))


def _teardown(_: TransactionTestCase) -> None:
    empty_tables()
