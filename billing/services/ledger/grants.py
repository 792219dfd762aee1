"""Credits come and end: granted, expired, frozen in a dispute, asked back after a refund."""

from datetime import datetime

from django.db import transaction

from accounts.services.audit import Actor
from billing.models import Grant
from billing.rules import credits
from billing.services.ledger.book import Book, Leg, locked
from billing.types import AccountKind, GrantSource, Purse, Ref, TransactionKind, Unit
from huntaze.kernel import ids

A = AccountKind


def grant(
    *,
    workspace_id: int,
    unit: Unit,
    amount: int,
    source: GrantSource,
    key: str,
    now: datetime,
    actor: Actor,
    expires_at: datetime | None = None,
    period_start: datetime | None = None,
    ref: str = "",
    note: str = "",
) -> bool:
    """Give credits once for `key`; a debt is paid first. False when they were given before."""
    with transaction.atomic():
        book = locked(workspace_id, unit)
        return give(
            book,
            amount=amount,
            source=source,
            key=key,
            now=now,
            actor=actor,
            expires_at=expires_at,
            period_start=period_start,
            ref=ref,
            note=note,
        )


def give(
    book: Book,
    *,
    amount: int,
    source: GrantSource,
    key: str,
    now: datetime,
    actor: Actor,
    expires_at: datetime | None = None,
    period_start: datetime | None = None,
    ref: str = "",
    note: str = "",
) -> bool:
    """`grant` for who holds the book."""
    if book.is_posted(key):
        return False
    row = Grant.objects.create(
        workspace_id=book.workspace,
        unit=book.unit,
        source=source,
        ref=ref,
        priority=credits.PRIORITIES[source],
        amount=amount,
        period_start=period_start,
        granted_at=now,
        expires_at=expires_at,
    )
    repaid = min(amount, book.debt)
    legs = [Leg(A.ISSUED, -amount), Leg(A.DEBT, repaid), Leg(A.AVAILABLE, amount - repaid, row.pk)]
    book.post(
        kind=TransactionKind.GRANT,
        key=key,
        ref=Ref("grant", row.public_id),
        legs=legs,
        now=now,
        actor=actor,
        note=note,
    )
    return True


def expire_due(*, workspace_id: int, unit: Unit, now: datetime) -> int:
    """End grants whose time is over; returns how many credits expired. What is reserved of them is not touched."""
    with transaction.atomic():
        book = locked(workspace_id, unit)
        over = Grant.objects.filter(
            workspace_id=workspace_id, unit=unit, expires_at__lte=now, remaining__gt=0
        ).order_by("pk")
        lost = 0
        for row in over:
            legs = [Leg(A.AVAILABLE, -row.remaining, row.pk), Leg(A.EXPIRED, row.remaining)]
            book.post(
                kind=TransactionKind.EXPIRE,
                key=f"expire:{row.public_id}:{now.isoformat()}",
                ref=Ref("grant", row.public_id),
                legs=legs,
                now=now,
                actor=Actor.system(),
            )
            lost += row.remaining
    return lost


def freeze(*, grant: Grant, now: datetime) -> bool:
    """What is left of a disputed grant is not spent; False when it was frozen before."""
    with transaction.atomic():
        locked(grant.workspace_id, Unit(grant.unit))
        return bool(Grant.objects.filter(pk=grant.pk, frozen_at=None).update(frozen_at=now))


def unfreeze(*, grant: Grant) -> bool:
    """A dispute was won; False when the grant was not frozen."""
    with transaction.atomic():
        locked(grant.workspace_id, Unit(grant.unit))
        rows = Grant.objects.filter(pk=grant.pk, frozen_at__isnull=False)
        return bool(rows.update(frozen_at=None))


def refund(
    *, grant: Grant, charge: str, refunded_minor: int, paid_minor: int, now: datetime, actor: Actor
) -> int:
    """Bring what is asked back of a grant in line with what was refunded of its charge in all.

    Returns how many credits went back, below 0 when some were given back because a refund failed. What is spent comes
    from other packs, then stands as a debt.
    """
    with transaction.atomic():
        book = locked(grant.workspace_id, Unit(grant.unit))
        row = Grant.objects.get(pk=grant.pk)
        count = credits.to_claw_back(
            credits=row.amount, refunded_minor=refunded_minor, paid_minor=paid_minor, already=row.clawed_back
        )
        # What was asked back before is read under the lock: it makes this happen once, also after a refund that failed.
        key = f"refund:{charge}:{refunded_minor}:{ids.uuid7()}"
        if count > 0:
            legs, kind = _taken_back(book, row, count, now), TransactionKind.REFUND
        elif count < 0:
            legs, kind = _given_back(book, row, -count, now), TransactionKind.RESTORE
        else:
            return 0
        ref = Ref("grant", row.public_id)
        book.post(kind=kind, key=key, ref=ref, legs=legs, now=now, actor=actor, note=charge)
    return count


def _taken_back(book: Book, row: Grant, count: int, now: datetime) -> list[Leg]:
    others = [
        purse for purse in book.purses(now) if purse.source == GrantSource.PACK and purse.grant != row.pk
    ]
    parts = credits.burn([_purse(row), *others], count)
    missing = count - credits.total(parts)
    return [
        *(Leg(A.AVAILABLE, -part.amount, part.grant) for part in parts),
        Leg(A.DEBT, -missing),
        Leg(A.REFUNDED, count, row.pk),
    ]


def _given_back(book: Book, row: Grant, count: int, now: datetime) -> list[Leg]:
    """A debt is paid first; what no longer fits into the grant, because it is spent or reserved, is a new one."""
    repaid = min(count, book.debt)
    fits = min(count - repaid, row.amount - row.remaining - row.reserved)
    legs = [Leg(A.REFUNDED, -count, row.pk), Leg(A.DEBT, repaid), Leg(A.AVAILABLE, fits, row.pk)]
    if rest := count - repaid - fits:
        more = Grant.objects.create(
            workspace_id=row.workspace_id,
            unit=row.unit,
            source=row.source,
            priority=row.priority,
            amount=rest,
            granted_at=now,
            expires_at=row.expires_at,
        )
        legs.append(Leg(A.AVAILABLE, rest, more.pk))
    return legs


def _purse(row: Grant) -> Purse:
    return Purse(
        row.pk, row.source, row.amount, row.remaining, row.reserved, row.period_start, row.expires_at
    )
