"""Migrations that build indexes beside a running queue, begun again after they were broken off."""

from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

BEFORE = [("messaging", "0006_campaign_deliveries")]
LATER = [("messaging", "0009_validate_authorship")]


def migrate(target: list[tuple[str, str]]) -> None:
    MigrationExecutor(connection).migrate(target)


def read(sql: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


@pytest.mark.django_db(transaction=True)
def test_an_index_left_behind_does_not_pass_for_the_one_that_is_wanted() -> None:
    usual = read("SHOW statement_timeout"), read("SHOW lock_timeout")
    newest = [key for key in MigrationExecutor(connection).loader.graph.leaf_nodes() if key[0] == "messaging"]
    migrate(BEFORE)
    try:
        with connection.cursor() as cursor:
            for name in ("delivery_once_a_campaign", "delivery_of_campaign"):
                cursor.execute(f"CREATE INDEX {name} ON messaging_delivery (id)")
                cursor.execute(
                    "UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass", [name]
                )
        migrate(LATER)
        built = read("""
            SELECT c.relname, i.indisunique, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
             WHERE c.relname IN ('delivery_once_a_campaign', 'delivery_of_campaign') ORDER BY 1""")
        assert built == [("delivery_of_campaign", False, True), ("delivery_once_a_campaign", True, True)]
        assert (read("SHOW statement_timeout"), read("SHOW lock_timeout")) == usual
    finally:
        migrate(newest)
