"""Sixty-four workers and ten credits: exactly ten are served. Without the lock they spend what others have spent."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import Workspace
from billing.errors import CreditsExhausted
from billing.services.ledger import book, reservations
from billing.types import Feature, Ref, Unit
from huntaze.kernel import clock
from huntaze.kernel.tenancy import workspace_scope
from tests.billing.books import accounts, faults
from tests.factories.accounts import WorkspaceFactory
from tests.factories.billing import credits, limit

pytestmark = pytest.mark.django_db(transaction=True)
WORKERS, CREDITS = 64, 10


@pytest.fixture
def purse(db: None) -> Workspace:
    workspace: Workspace = WorkspaceFactory(is_limited=True)
    limit(workspace, Feature.MESSAGES, 0)
    credits(workspace, CREDITS)
    return workspace


def all_at_once(workspace: Workspace, deed: Any) -> Counter[str]:
    """What came of it, counted."""
    start = threading.Barrier(WORKERS)

    def go(number: int) -> str:
        try:
            with workspace_scope(workspace.pk):
                connection.ensure_connection()
                start.wait(60)
                deed(number)
            return "served"
        except CreditsExhausted:
            return "refused"
        except DatabaseError:
            return "stopped by the database"
        finally:
            connection.close()

    with ThreadPoolExecutor(WORKERS) as pool:
        return Counter(pool.map(go, range(WORKERS)))


def reserve_in(workspace: Workspace) -> Any:
    def deed(number: int) -> None:
        reservations.reserve(
            workspace_id=workspace.pk,
            unit=Unit.MESSAGE,
            quantity=1,
            ref=Ref("test", str(number)),
            now=clock.now(),
        )

    return deed


def test_ten_credits_serve_ten_of_sixty_four(purse: Workspace) -> None:
    found = all_at_once(purse, reserve_in(purse))
    assert found == {"served": CREDITS, "refused": WORKERS - CREDITS}
    assert accounts(purse) == {"issued": -CREDITS, "reserved": CREDITS}
    assert faults(purse) == []


def test_without_the_lock_more_than_ten_believe_that_they_are_served(
    purse: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same deed with the lock taken off, all looking before anybody takes. The database's own constraints are then
    all that is left: nothing is overdrawn, but workers fail instead of being refused."""
    looked, look = threading.Barrier(WORKERS), book.Book.purses

    def look_together(self: book.Book, now: Any) -> Any:
        found = look(self, now)
        looked.wait(60)
        return found

    monkeypatch.setattr(book, "_LOCK", book._LOCK.replace("FOR NO KEY UPDATE", ""))
    monkeypatch.setattr(book.Book, "purses", look_together)
    found = all_at_once(purse, reserve_in(purse))
    assert found == {"served": CREDITS, "stopped by the database": WORKERS - CREDITS}
    assert accounts(purse) == {"issued": -CREDITS, "reserved": CREDITS}


def test_without_lock_and_constraints_credits_are_overdrawn(
    purse: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, look = threading.Barrier(WORKERS), book.Book.purses

    def look_together(self: book.Book, now: Any) -> Any:
        found = look(self, now)
        looked.wait(60)
        return found

    monkeypatch.setattr(book, "_LOCK", book._LOCK.replace("FOR NO KEY UPDATE", ""))
    monkeypatch.setattr(book.Book, "purses", look_together)
    signs = {"billing_grant": "grant_spent_once", "billing_ledgeraccount": "ledger_account_sign"}
    definitions = {table: _definition(name) for table, name in signs.items()}
    try:
        for table, name in signs.items():
            _run(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        found = all_at_once(purse, reserve_in(purse))
        assert found == {"served": WORKERS}
        assert accounts(purse) == {"issued": -CREDITS, "available": CREDITS - WORKERS, "reserved": WORKERS}
    finally:
        _run("SET session_replication_role = replica")
        _run("DELETE FROM billing_reservationpart")
        _run("UPDATE billing_grant SET remaining = 0, reserved = 0")
        _run("UPDATE billing_ledgeraccount SET balance = 0")
        _run("SET session_replication_role = origin")
        for table, name in signs.items():
            _run(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definitions[table]}")


def test_the_same_is_reserved_once_by_sixty_four(purse: Workspace) -> None:
    def deed(_: int) -> None:
        reservations.reserve(
            workspace_id=purse.pk, unit=Unit.MESSAGE, quantity=4, ref=Ref("test", "one"), now=clock.now()
        )

    assert all_at_once(purse, deed) == {"served": WORKERS}
    assert accounts(purse) == {"issued": -CREDITS, "available": CREDITS - 4, "reserved": 4}


def test_the_period_begins_once_for_all(purse: Workspace) -> None:
    limit(purse, Feature.MESSAGES, 30)
    found = all_at_once(purse, reserve_in(purse))
    assert found == {"served": CREDITS + 30, "refused": WORKERS - CREDITS - 30}
    assert accounts(purse) == {"issued": -CREDITS - 30, "reserved": CREDITS + 30}


def test_a_reservation_is_settled_once_by_sixty_four(purse: Workspace) -> None:
    ref = Ref("test", "one")
    with workspace_scope(purse.pk), transaction.atomic():
        reservations.reserve(workspace_id=purse.pk, unit=Unit.MESSAGE, quantity=6, ref=ref, now=clock.now())

    def deed(_: int) -> None:
        reservations.settle(workspace_id=purse.pk, unit=Unit.MESSAGE, ref=ref, quantity=5, now=clock.now())

    assert all_at_once(purse, deed) == {"served": WORKERS}
    assert accounts(purse) == {"issued": -CREDITS, "available": CREDITS - 5, "consumed": 5}


def _definition(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [name])
        return str(cursor.fetchone()[0])


def _run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
