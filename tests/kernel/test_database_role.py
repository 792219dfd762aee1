"""The role of the running application: rows are its business, tables are not."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management.sql import emit_post_migrate_signal
from django.db import DatabaseError, connection, transaction
from psycopg.errors import InsufficientPrivilege
from rest_framework.test import APIClient

from accounts.models import User

BEYOND = [
    "CREATE TABLE public.mine (id int)",
    "DROP TABLE accounts_auditevent",
    "ALTER TABLE accounts_auditevent DISABLE TRIGGER ALL",
    "DROP TRIGGER audit_append_only ON accounts_auditevent",
    "CREATE OR REPLACE FUNCTION accounts_audit_append_only() RETURNS trigger LANGUAGE sql AS ''",
    "SET LOCAL session_replication_role = replica",
    "TRUNCATE accounts_user CASCADE",
    "UPDATE billing_ledgerentry SET amount = 0",
    "DELETE FROM billing_ledgertransaction",
    "DELETE FROM django_migrations",
    "CREATE ROLE other SUPERUSER",
]


@pytest.fixture
def as_application(db: None, settings: Any) -> Iterator[str]:
    """The rest of the test runs as a role with the rights that migrations give it."""
    role = f"application_{secrets.token_hex(4)}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {role}")
        settings.DATABASE_APP_ROLE = role
        emit_post_migrate_signal(verbosity=0, interactive=False, db="default")
        cursor.execute(f"SET ROLE {role}")
        yield role
        cursor.execute("RESET ROLE")


def test_it_can_change_no_table_and_nothing_that_is_written_for_good(as_application: str) -> None:
    for statement in BEYOND:
        with (
            pytest.raises(DatabaseError, match=r"permission denied|must be owner") as refused,
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
        assert isinstance(refused.value.__cause__, InsufficientPrivilege), statement


def test_it_can_do_what_the_application_does(as_application: str) -> None:
    body = {
        "name": "Luna",
        "email": "luna@example.test",
        "password": "Correct-horse-7",
        "acceptTerms": True,
    }
    assert APIClient().post("/api/auth/signup", body, format="json").status_code == 201
    assert User.objects.filter(email="luna@example.test").update(name="Luna Martel") == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege('messaging_delivery', 'MAINTAIN'), current_user")
        assert cursor.fetchone() == (True, as_application)
