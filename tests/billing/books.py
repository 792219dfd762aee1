"""The ledger as tests look at it, over every wall."""

import json
from dataclasses import dataclass
from typing import Any

from django.db import connection

from accounts.models import Workspace
from billing.models import Grant
from billing.types import Unit

_FAULTS = """
WITH accounts AS (
    SELECT * FROM billing_ledgeraccount WHERE workspace_id = ANY(%(workspaces)s)
), held AS (
    SELECT workspace_id, unit, sum(remaining) AS available, sum(reserved) AS reserved, sum(clawed_back) AS refunded
      FROM billing_grant WHERE workspace_id = ANY(%(workspaces)s) GROUP BY 1, 2
), open AS (
    SELECT workspace_id, unit, sum(amount - settled - released) AS reserved
      FROM billing_reservation WHERE workspace_id = ANY(%(workspaces)s) GROUP BY 1, 2
)
SELECT 'the accounts of ' || workspace_id || ' sum to ' || sum(balance)
  FROM accounts GROUP BY workspace_id, unit HAVING sum(balance) <> 0
 UNION ALL
SELECT kind || ' is ' || balance || ', its entries ' || coalesce(total, 0)
  FROM accounts a LEFT JOIN (
       SELECT e.account_id, sum(e.amount) AS total
         FROM billing_ledgertransaction t JOIN billing_ledgerentry e ON e.transaction_id = t.id
        WHERE t.workspace_id = ANY(%(workspaces)s) GROUP BY 1) e ON e.account_id = a.id
 WHERE balance <> coalesce(total, 0)
 UNION ALL
SELECT 'grants and account differ: ' || kind
  FROM accounts JOIN held USING (workspace_id, unit)
 WHERE balance <> CASE kind WHEN 'available' THEN held.available WHEN 'reserved' THEN held.reserved
                            WHEN 'refunded' THEN held.refunded ELSE balance END
 UNION ALL
SELECT 'reservations and account differ'
  FROM accounts LEFT JOIN open USING (workspace_id, unit)
 WHERE kind = 'reserved' AND balance <> coalesce(open.reserved, 0)
"""


def accounts(workspace: Workspace, unit: Unit = Unit.MESSAGE) -> dict[str, int]:
    """Balances that are not 0, by kind."""
    found = _rows(
        "SELECT kind, balance FROM billing_ledgeraccount WHERE workspace_id = %(pk)s AND unit = %(unit)s"
        " AND balance <> 0",
        {"pk": workspace.pk, "unit": str(unit)},
    )
    return dict(found)


def left(*grants: Grant) -> list[tuple[int, int]]:
    """What each grant has left, and what of it is reserved."""
    found = _rows(
        "SELECT id, remaining, reserved FROM billing_grant WHERE id = ANY(%(pks)s)",
        {"pks": [grant.pk for grant in grants]},
    )
    rows = {pk: (remaining, reserved) for pk, remaining, reserved in found}
    return [rows[grant.pk] for grant in grants]


#: Fires what the database checks at the end of a transaction.
_CHECK = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED"
#: Faults, balances and grants in one go, for a test that looks ten thousand times.
_ALL = f"""
SELECT coalesce((SELECT array_agg(fault) FROM ({_FAULTS}) f(fault)), '{{}}'),
       (SELECT coalesce(json_agg(json_build_array(workspace_id, kind, balance)), '[]') FROM billing_ledgeraccount
         WHERE workspace_id = ANY(%(workspaces)s) AND unit = %(unit)s AND balance <> 0),
       (SELECT coalesce(json_agg(json_build_array(id, remaining, reserved)), '[]') FROM billing_grant
         WHERE workspace_id = ANY(%(workspaces)s) AND unit = %(unit)s)
"""


def faults(*workspaces: Workspace) -> list[str]:
    """What does not add up, the database's own checks at the end of a transaction included."""
    with connection.cursor() as cursor:
        cursor.execute(_CHECK)
    return [row[0] for row in _rows(_FAULTS, {"workspaces": [workspace.pk for workspace in workspaces]})]


@dataclass(frozen=True)
class Books:
    """What `faults`, `accounts` and `left` say of some workspaces at once: balances by workspace, grants by key."""

    faults: list[str]
    accounts: dict[int, dict[str, int]]
    left: dict[int, tuple[int, int]]


def books(pks: list[int], unit: Unit = Unit.MESSAGE) -> Books:
    with connection.cursor() as cursor:
        cursor.execute(f"{_CHECK}; {_ALL}", {"workspaces": pks, "unit": str(unit)})
        while cursor.nextset():
            pass
        found, balances, grants = cursor.fetchone()
    accounts: dict[int, dict[str, int]] = {pk: {} for pk in pks}
    for pk, kind, balance in json.loads(balances) if isinstance(balances, str) else balances:
        accounts[pk][kind] = balance
    rows = json.loads(grants) if isinstance(grants, str) else grants
    return Books(found, accounts, {pk: (remaining, reserved) for pk, remaining, reserved in rows})


def _rows(statement: str, values: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
