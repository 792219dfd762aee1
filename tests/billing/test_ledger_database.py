"""What the database refuses, whoever asks: raw SQL, as the application would send it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import Workspace
from billing.models import Grant
from tests.billing.books import accounts, faults, left
from tests.factories.accounts import WorkspaceFactory
from tests.factories.billing import credits

pytestmark = pytest.mark.django_db


@contextmanager
def refused(words: str) -> Iterator[None]:
    with pytest.raises(DatabaseError, match=words), transaction.atomic():
        yield


def run(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def account(workspace: Workspace, kind: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM billing_ledgeraccount WHERE workspace_id = %s AND kind = %s", [workspace.pk, kind]
        )
        return int(cursor.fetchone()[0])


def post(workspace: Workspace, *legs: tuple[int, int | None, int], of: Workspace | None = None) -> None:
    """A transaction with these legs (account, grant, amount), and what is checked at its end."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO billing_ledgertransaction (uid, workspace_id, unit, kind, idempotency_key, ref_type, ref_id,
                                                   actor_kind, note, at)
            VALUES (gen_random_uuid(), %s, 'message', 'grant', gen_random_uuid()::text, '', '', 'system', '', now())
            RETURNING id""",
            [workspace.pk],
        )
        deed = cursor.fetchone()[0]
        for side, grant, amount in legs:
            cursor.execute(
                "INSERT INTO billing_ledgerentry (workspace_id, transaction_id, account_id, grant_id, amount)"
                " VALUES (%s, %s, %s, %s, %s)",
                [(of or workspace).pk, deed, side, grant, amount],
            )
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


@pytest.fixture
def pack(inside: Workspace) -> Grant:
    return credits(inside, 10)


@pytest.mark.parametrize("table", ["billing_ledgerentry", "billing_ledgertransaction"])
@pytest.mark.parametrize(
    "statement",
    ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"],
    ids=["update", "delete", "truncate"],
)
def test_what_is_written_stays(pack: Grant, table: str, statement: str) -> None:
    run("SET CONSTRAINTS ALL IMMEDIATE")
    with refused("append-only"):
        run(statement.format(table))


@pytest.mark.parametrize("table", ["billing_ledgerentry", "billing_ledgertransaction"])
def test_the_owner_of_the_tables_has_not_the_right_either(pack: Grant, table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.privilege_type FROM pg_class c, aclexplode(c.relacl) a"
            " WHERE c.relname = %s AND a.grantee = c.relowner",
            [table],
        )
        held = {row[0] for row in cursor.fetchall()}
    assert held & {"UPDATE", "DELETE", "TRUNCATE", "INSERT"} == {"INSERT"}


@pytest.mark.parametrize(
    "legs",
    [
        [("issued", -3), ("consumed", 2)],
        [("issued", -3), ("consumed", 4)],
        [],
        [("issued", -3)],
    ],
)
def test_legs_sum_to_zero(inside: Workspace, pack: Grant, legs: list[tuple[str, int]]) -> None:
    with refused("ledger transaction .* has"):
        post(inside, *((account(inside, kind), pack.pk, amount) for kind, amount in legs))


def test_a_leg_can_not_join_an_older_transaction(inside: Workspace, pack: Grant) -> None:
    with refused("has 3 entries with the sum 1"):
        run(
            "INSERT INTO billing_ledgerentry (workspace_id, transaction_id, account_id, grant_id, amount)"
            " SELECT workspace_id, id, %s, NULL, 1 FROM billing_ledgertransaction WHERE workspace_id = %s",
            account(inside, "consumed"),
            inside.pk,
        )
        run("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize(
    ("source", "target", "amount"),
    [
        ("available", "consumed", 11),
        ("reserved", "consumed", 1),
        ("consumed", "issued", 1),
        ("debt", "issued", -1),
    ],
)
def test_no_balance_takes_the_wrong_sign(
    inside: Workspace, pack: Grant, source: str, target: str, amount: int
) -> None:
    with refused("ledger_account_sign|grant_spent_once"):
        post(
            inside,
            (account(inside, source), pack.pk, -amount),
            (account(inside, target), pack.pk, amount),
        )


def test_a_leg_on_a_grants_side_names_its_grant(inside: Workspace, pack: Grant) -> None:
    with refused("names no grant"):
        post(inside, (account(inside, "available"), None, -1), (account(inside, "consumed"), None, 1))


def test_workspaces_do_not_mix(inside: Workspace, pack: Grant) -> None:
    other = WorkspaceFactory(is_limited=True)
    theirs = credits(other, 10)
    with refused("another workspace or unit"):
        post(inside, (account(other, "available"), theirs.pk, -1), (account(inside, "consumed"), None, 1))
    with refused("another workspace or unit"):
        post(
            inside,
            (account(inside, "available"), pack.pk, -1),
            (account(inside, "consumed"), None, 1),
            of=other,
        )
    with refused("names no grant"):
        post(inside, (account(inside, "available"), theirs.pk, -1), (account(inside, "consumed"), None, 1))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE billing_ledgeraccount SET balance = balance + 1 WHERE kind = 'available'",
        "UPDATE billing_ledgeraccount SET kind = 'consumed' WHERE kind = 'available'",
        "INSERT INTO billing_ledgeraccount (workspace_id, unit, kind, balance)"
        " SELECT workspace_id, 'ai_usd', 'available', 5 FROM billing_grant LIMIT 1",
        "UPDATE billing_grant SET remaining = remaining - 1",
        "UPDATE billing_grant SET reserved = 0, remaining = 10, amount = 11",
        "UPDATE billing_grant SET clawed_back = 1",
    ],
)
def test_balances_are_moved_by_entries_only(inside: Workspace, pack: Grant, statement: str) -> None:
    with refused("moved by ledger entries only"):
        run(statement)
    assert (accounts(inside), left(pack)) == ({"issued": -10, "available": 10}, [(10, 0)])


def test_a_grant_can_be_frozen_by_hand(inside: Workspace, pack: Grant) -> None:
    Grant.objects.filter(pk=pack.pk).update(frozen_at=pack.granted_at)
    assert faults(inside) == []
