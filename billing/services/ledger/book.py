"""A workspace's accounts of one unit, locked; and the one way to post to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.services.audit import Actor
from billing.types import AccountKind, Purse, Ref, TransactionKind, Unit
from huntaze.kernel import ids, sql
from huntaze.kernel.tenancy import refuse_foreign

_LOCK = """
SELECT kind, id, balance FROM billing_ledgeraccount
 WHERE workspace_id = %(workspace)s AND unit = %(unit)s ORDER BY id FOR NO KEY UPDATE
"""

_OPEN = """
INSERT INTO billing_ledgeraccount (workspace_id, unit, kind, balance)
SELECT %(workspace)s, %(unit)s, kind, 0 FROM unnest(%(kinds)s::text[]) AS kind
    ON CONFLICT DO NOTHING
"""

_POSTING = """deed AS (
    INSERT INTO billing_ledgertransaction (
           uid, workspace_id, unit, kind, idempotency_key, ref_type, ref_id, actor_kind, actor_user_id, note, at)
    VALUES (%(uid)s, %(workspace)s, %(unit)s, %(kind)s, %(key)s, %(ref_type)s, %(ref_id)s, %(actor_kind)s,
            %(actor_user)s, %(note)s, %(at)s)
    RETURNING id
), legs AS (
    INSERT INTO billing_ledgerentry (workspace_id, transaction_id, account_id, grant_id, amount)
    SELECT %(workspace)s, deed.id, leg.account_id, leg.grant_id, leg.amount
      FROM deed, unnest(%(accounts)s::bigint[], %(grants)s::bigint[], %(amounts)s::bigint[])
                 WITH ORDINALITY AS leg(account_id, grant_id, amount, place)
     ORDER BY leg.place
)"""


def posting_in(template: str) -> str:
    """A statement whose `{posting}` is the CTEs that add one transaction, with the values of `Book.posting`."""
    return template.format(posting=_POSTING)


_POST = posting_in("WITH {posting} SELECT id FROM deed")

_IS_POSTED = """
SELECT 1 FROM billing_ledgertransaction WHERE workspace_id = %(workspace)s AND idempotency_key = %(key)s
"""

# Living grants in the order in which they are spent; the plan's own also when they are spent, so that the allowance of
# the period is known.
_PURSES = """
SELECT id, source, amount, remaining, reserved, period_start, expires_at FROM billing_grant
 WHERE workspace_id = %(workspace)s AND unit = %(unit)s AND (expires_at IS NULL OR expires_at > %(now)s)
   AND frozen_at IS NULL AND (remaining > 0 OR source = 'plan')
 ORDER BY priority, expires_at NULLS LAST, id
"""


@dataclass(frozen=True, slots=True)
class Leg:
    """One entry to be; on available, reserved and refunded it names its grant."""

    account: AccountKind
    amount: int
    grant: int | None = None


@dataclass(frozen=True, slots=True)
class Book:
    """The accounts of a workspace and unit, locked until the transaction ends."""

    workspace: int
    unit: Unit
    accounts: dict[str, int]
    debt: int

    def post(
        self,
        *,
        kind: TransactionKind,
        key: str,
        ref: Ref,
        legs: Sequence[Leg],
        now: datetime,
        actor: Actor,
        note: str = "",
    ) -> None:
        """Add one transaction. Legs of nothing are left out; what lowers a grant comes before what raises it."""
        sql.execute(_POST, self.posting(kind, key, ref, legs, now, actor, note))

    def posting(
        self,
        kind: TransactionKind,
        key: str,
        ref: Ref,
        legs: Sequence[Leg],
        now: datetime,
        actor: Actor,
        note: str = "",
    ) -> dict[str, Any]:
        """The values of `POSTING`, for who adds a transaction together with other rows."""
        moving = sorted((leg for leg in legs if leg.amount), key=lambda leg: leg.amount > 0)
        return {
            "uid": ids.uuid7(),
            "workspace": self.workspace,
            "unit": str(self.unit),
            "kind": str(kind),
            "key": key,
            "ref_type": ref.kind,
            "ref_id": ref.id,
            "actor_kind": actor.kind,
            "actor_user": actor.user_pk,
            "note": note[:200],
            "at": now,
            "accounts": [self.accounts[leg.account] for leg in moving],
            "grants": [leg.grant for leg in moving],
            "amounts": [leg.amount for leg in moving],
        }

    def is_posted(self, key: str) -> bool:
        return sql.row(_IS_POSTED, {"workspace": self.workspace, "key": key}) is not None

    def purses(self, now: datetime) -> list[Purse]:
        """Living grants that are not frozen, in the order in which they are spent; the plan's also when spent."""
        values = {"workspace": self.workspace, "unit": str(self.unit), "now": now}
        return [Purse(*row) for row in sql.rows(_PURSES, values)]


def locked(workspace_id: int, unit: Unit) -> Book:
    """The workspace's accounts of the unit, locked in the caller's transaction and made if there are none."""
    refuse_foreign(workspace_id)
    values = {"workspace": workspace_id, "unit": str(unit)}
    found = sql.rows(_LOCK, values)
    if not found:
        sql.execute(_OPEN, values | {"kinds": [str(kind) for kind in AccountKind]})
        found = sql.rows(_LOCK, values)
    accounts = {kind: pk for kind, pk, _ in found}
    return Book(workspace_id, unit, accounts, -next(b for kind, _, b in found if kind == AccountKind.DEBT))
