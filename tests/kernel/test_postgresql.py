"""Connections that the server has given up are noticed before a request uses them, without a query."""

from collections.abc import Iterator

import pytest
from django.db import InterfaceError, OperationalError, connection, connections, transaction

from huntaze.kernel import sql
from huntaze.kernel.errors import TookTooLong

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def closed_by_server() -> Iterator[None]:
    """The server ends this test's connection from another one."""
    (pid,) = sql.row("SELECT pg_backend_pid()", {}) or (0,)
    other = connections.create_connection("default")
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    other.close()
    yield
    connection.close()


def test_a_living_connection_is_usable() -> None:
    sql.row("SELECT 1", {})
    assert connection.is_usable()


def test_a_connection_that_the_server_closed_is_not_usable(closed_by_server: None) -> None:
    assert not connection.is_usable()


def test_the_next_request_gets_a_new_connection(closed_by_server: None) -> None:
    connection.health_check_enabled, connection.health_check_done = True, False
    assert sql.row("SELECT 2", {}) == (2,)


def test_without_the_check_it_would_have_failed(closed_by_server: None) -> None:
    with pytest.raises((OperationalError, InterfaceError)):
        sql.row("SELECT 2", {})


def test_a_statement_that_takes_too_long_is_broken_off_and_the_usual_limit_holds_again() -> None:
    usual = sql.row("SHOW statement_timeout", {})
    with transaction.atomic():
        with pytest.raises(TookTooLong), sql.within(0.05):
            sql.row("SELECT pg_sleep(60)", {})
        with sql.within(5.0):
            assert sql.row("SHOW statement_timeout", {}) == ("5s",)
        assert sql.row("SHOW statement_timeout", {}) == usual
    assert sql.row("SHOW statement_timeout", {}) == usual
