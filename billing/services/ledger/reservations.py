"""Credits set aside before something is done: spent when it was done, given back when it was not."""

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import connection, transaction

from accounts.services.audit import Actor
from billing.errors import CreditsExhausted, ReadOnlyAccess
from billing.models import Reservation
from billing.rules import credits
from billing.rules.features import FEATURE_OF
from billing.selectors.standing import standing
from billing.services.ledger.allowance import top_up
from billing.services.ledger.book import Book, Leg, locked, posting_in
from billing.types import Access, AccountKind, Part, Purse, Ref, Standing, TransactionKind, Unit
from huntaze.kernel import ids, metrics, sql

log = structlog.get_logger(__name__)
A = AccountKind

_FIND = """
SELECT id, amount FROM billing_reservation
 WHERE workspace_id = %(workspace)s AND unit = %(unit)s AND ref_type = %(ref_type)s AND ref_id = %(ref_id)s
"""

_RESERVE = posting_in(
    """
WITH made AS (
    INSERT INTO billing_reservation (
           id, uid, workspace_id, unit, ref_type, ref_id, amount, settled, released, reserved_at, expires_at)
    VALUES (coalesce(%(pk)s, nextval(pg_get_serial_sequence('billing_reservation', 'id'))), %(reservation)s,
            %(workspace)s, %(unit)s, %(ref_type)s, %(ref_id)s, %(quantity)s, 0, 0, %(at)s, %(expires_at)s)
    RETURNING id
), parts AS (
    INSERT INTO billing_reservationpart (workspace_id, reservation_id, grant_id, amount, settled, released)
    SELECT %(workspace)s, made.id, part.grant_id, part.amount, 0, 0
      FROM made, unnest(%(part_grants)s::bigint[], %(part_amounts)s::bigint[]) AS part(grant_id, amount)
), {posting}
SELECT id FROM made
"""
)
_NEW_KEY = "SELECT nextval(pg_get_serial_sequence('billing_reservation', 'id'))"

# What is spent comes from a reservation's first parts, what comes back from those after them.
_END = """
WITH wanted AS (
    SELECT * FROM unnest(%(ids)s::bigint[], %(settled)s::bigint[], %(released)s::bigint[]) AS w(id, settled, released)
), parts AS (
    SELECT p.id, p.grant_id, w.settled, w.released, p.amount - p.settled - p.released AS held,
           coalesce(sum(p.amount - p.settled - p.released)
                    OVER (PARTITION BY p.reservation_id ORDER BY p.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
                    0) AS before
      FROM wanted w JOIN billing_reservationpart p ON p.reservation_id = w.id AND p.workspace_id = %(workspace)s
), taken AS (
    SELECT id, grant_id,
           greatest(0, least(before + held, settled) - before)::bigint AS spent,
           greatest(0, least(before + held, settled + released) - greatest(before, settled))::bigint AS back
      FROM parts
), moved AS (
    UPDATE billing_reservationpart p SET settled = p.settled + t.spent, released = p.released + t.back
      FROM taken t WHERE p.id = t.id AND t.spent + t.back > 0
), ended AS (
    UPDATE billing_reservation r SET settled = r.settled + w.settled, released = r.released + w.released
      FROM wanted w WHERE r.id = w.id AND r.workspace_id = %(workspace)s
)
SELECT g.id, sum(t.spent)::bigint, sum(t.back)::bigint, coalesce(g.expires_at <= %(now)s, false)
  FROM taken t JOIN billing_grant g ON g.id = t.grant_id
 GROUP BY g.id
"""


@dataclass(frozen=True, slots=True)
class _Moved:
    """Of one grant so much was spent and so much comes back."""

    grant: int
    spent: int
    back: int
    is_over: bool


@dataclass(frozen=True, slots=True)
class Reserved:
    """A reservation: its key, and how many credits it is for."""

    id: int
    amount: int


def reserve(
    *,
    workspace_id: int,
    unit: Unit,
    quantity: int,
    ref: Ref,
    now: datetime,
    expires_at: datetime | None = None,
    is_partly: bool = False,
    pk: int | None = None,
) -> Reserved:
    """Set credits aside for `ref`, once: asked again it gives the first answer.

    `pk` is a fresh key of `new_key`, for who writes rows that refer to it first: the workspace's credits are locked
    from here to the end of the transaction, so this comes last. With `is_partly` fewer are set aside where there are
    not enough, at least one. Raises CreditsExhausted, and ReadOnlyAccess for a workspace whose subscription is unpaid.
    """
    if quantity < 1:
        raise ValueError("a reservation is for at least one credit")
    with nullcontext() if connection.in_atomic_block else transaction.atomic():
        book = locked(workspace_id, unit)
        known = _known(workspace_id, unit, ref) if pk is None else None
        if known is not None:
            return known
        at = standing(workspace_id, now)
        if at.access is Access.READ_ONLY:
            raise ReadOnlyAccess
        purses = top_up(book, book.purses(now), at, quantity, now)
        parts = credits.burn(purses, quantity)
        if not parts or (credits.total(parts) < quantity and not is_partly):
            raise exhausted(purses, at, unit, quantity)
        return _reserved(book, ref, parts, pk=pk, now=now, expires_at=expires_at)


def _known(workspace_id: int, unit: Unit, ref: Ref) -> Reserved | None:
    names = {"workspace": workspace_id, "unit": str(unit), "ref_type": ref.kind, "ref_id": ref.id}
    found = sql.row(_FIND, names)
    return Reserved(*found) if found else None


def _reserved(
    book: Book, ref: Ref, parts: Sequence[Part], *, pk: int | None, now: datetime, expires_at: datetime | None
) -> Reserved:
    uid, amount = ids.uuid7(), credits.total(parts)
    legs = [*_legs(parts, A.AVAILABLE, -1), *_legs(parts, A.RESERVED, 1)]
    values = book.posting(TransactionKind.RESERVE, f"reserve:{uid}", ref, legs, now, Actor.system())
    values |= {
        "pk": pk,
        "reservation": uid,
        "quantity": amount,
        "expires_at": expires_at,
        "part_grants": [part.grant for part in parts],
        "part_amounts": [part.amount for part in parts],
    }
    made = sql.row(_RESERVE, values)
    assert made is not None
    return Reserved(made[0], amount)


def hold_books(*, workspace_id: int, unit: Unit) -> None:
    """Nothing is posted to the workspace's books of a unit until the caller's transaction ends."""
    locked(workspace_id, unit)


def new_key() -> int:
    """A key for a reservation to come."""
    found = sql.row(_NEW_KEY, {})
    assert found is not None
    return int(found[0])


def exhausted(purses: Sequence[Purse], at: Standing, unit: Unit, needed: int) -> CreditsExhausted:
    """The refusal, with what the plan allows and what of it is used."""
    limit = at.limits.get(FEATURE_OF[unit], 0) or 0
    left = sum(purse.remaining for purse in purses if purse.period_start == at.period_start)
    return CreditsExhausted(
        needed=needed,
        available=credits.spendable(purses),
        limit=limit,
        used=max(0, limit - left),
        resets_at=at.period_end if at.is_renewing else None,
    )


def settle(
    *, workspace_id: int, unit: Unit, ref: Ref, quantity: int, now: datetime, is_last: bool = True
) -> None:
    """So many credits were spent. The last settlement gives the rest back; a closed reservation stays as it is.

    More than was reserved is taken from what is available, then stands as a debt: the provider has charged it.
    """
    with transaction.atomic():
        book = locked(workspace_id, unit)
        row = _open_reservation(workspace_id, unit, ref)
        if row is None:
            return
        rest = row.amount - row.settled - row.released
        spent = min(quantity, rest)
        move(book, [Change(row.pk, spent, rest - spent if is_last else 0)], now=now)
        if quantity > rest:
            _overrun(book, ref, quantity - rest, now)


def release(*, workspace_id: int, unit: Unit, ref: Ref, now: datetime, quantity: int | None = None) -> None:
    """Give back what is still reserved, or so many of it; a closed reservation stays as it is."""
    with transaction.atomic():
        book = locked(workspace_id, unit)
        row = _open_reservation(workspace_id, unit, ref)
        if row is None:
            return
        rest = row.amount - row.settled - row.released
        move(book, [Change(row.pk, 0, rest if quantity is None else min(quantity, rest))], now=now)


def release_expired(*, workspace_id: int, unit: Unit, now: datetime) -> int:
    """Give back reservations whose time is over; returns how many there were."""
    with transaction.atomic():
        book = locked(workspace_id, unit)
        rows = Reservation.objects.filter(workspace_id=workspace_id, unit=unit).expired(now)
        changes = [Change(row.pk, 0, row.amount - row.settled - row.released) for row in rows[:1000]]
        move(book, changes, now=now)
    return len(changes)


def post(*, workspace_id: int, unit: Unit, changes: "Sequence[Change]", now: datetime) -> None:
    """End reservations, or parts of them, for a caller who makes sure that this happens once: in its transaction it
    marks what the changes came from."""
    with transaction.atomic():
        move(locked(workspace_id, unit), changes, now=now)


@dataclass(frozen=True, slots=True)
class Change:
    """Of one reservation so many credits were spent and so many are given back."""

    reservation: int
    settled: int
    released: int


def move(book: Book, changes: Iterable[Change], *, now: datetime) -> None:
    """End reservations or parts of them: one transaction for all that was spent, one for all that comes back.

    The caller holds the book and has made sure that this happens once.
    """
    wanted = [change for change in changes if change.settled or change.released]
    if not wanted:
        return
    values = {
        "workspace": book.workspace,
        "ids": [change.reservation for change in wanted],
        "settled": [change.settled for change in wanted],
        "released": [change.released for change in wanted],
        "now": now,
    }
    found = [_Moved(*row) for row in sql.rows(_END, values)]
    spent, back = sum(row.spent for row in found), sum(row.back for row in found)
    if (spent, back) != (sum(values["settled"]), sum(values["released"])):  # type: ignore[call-overload]
        raise ValueError("a reservation ends once")
    ref, batch = Ref("reservations", str(len(wanted))), ids.uuid7()
    if len(wanted) == 1:
        ref = Ref("reservation", str(wanted[0].reservation))
    if spent:
        legs = [Leg(A.RESERVED, -row.spent, row.grant) for row in found]
        legs.append(Leg(A.CONSUMED, spent))
        _post(book, TransactionKind.SETTLE, f"settle:{batch}", ref, legs, now)
    if back:
        _post(book, TransactionKind.RELEASE, f"release:{batch}", ref, _returned(book, found), now)


def _post(book: Book, kind: TransactionKind, key: str, ref: Ref, legs: Sequence[Leg], now: datetime) -> None:
    book.post(kind=kind, key=key, ref=ref, legs=legs, now=now, actor=Actor.system())


def _returned(book: Book, found: Sequence[_Moved]) -> list[Leg]:
    """What comes back of a grant that has ended is lost; the rest pays a debt before it can be spent again."""
    legs, debt = [Leg(A.RESERVED, -row.back, row.grant) for row in found], book.debt
    for row in found:
        if row.is_over:
            legs.append(Leg(A.EXPIRED, row.back))
            continue
        repaid = min(row.back, debt)
        debt -= repaid
        legs += [Leg(A.DEBT, repaid), Leg(A.AVAILABLE, row.back - repaid, row.grant)]
    return legs


def _overrun(book: Book, ref: Ref, quantity: int, now: datetime) -> None:
    parts = credits.burn(book.purses(now), quantity)
    missing = quantity - credits.total(parts)
    legs = [*_legs(parts, A.AVAILABLE, -1), Leg(A.DEBT, -missing), Leg(A.CONSUMED, quantity)]
    _post(book, TransactionKind.SETTLE, f"overrun:{ids.uuid7()}", ref, legs, now)
    metrics.LEDGER_OVERRUN.labels(str(book.unit)).inc(quantity)
    log.warning("billing.ledger.overrun", unit=str(book.unit), quantity=quantity, debt=missing)


def _legs(parts: Sequence[Part], account: AccountKind, sign: int) -> list[Leg]:
    return [Leg(account, sign * part.amount, part.grant) for part in parts]


def _open_reservation(workspace_id: int, unit: Unit, ref: Ref) -> Reservation | None:
    """Raises Reservation.DoesNotExist when nothing was reserved; null when it has ended."""
    row = Reservation.objects.get(workspace_id=workspace_id, unit=unit, ref_type=ref.kind, ref_id=ref.id)
    return row if row.amount > row.settled + row.released else None
