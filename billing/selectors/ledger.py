"""The ledger as people read it: what moved a workspace's credits, the newest first."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from billing.models import Grant, LedgerTransaction, Reservation
from billing.types import Unit
from huntaze.kernel import ids
from huntaze.kernel.errors import FieldError, Invalid
from huntaze.kernel.tenancy import refuse_foreign


@dataclass(frozen=True, slots=True)
class Cause:
    """What a deed was for: a delivery, a campaign, a grant's source, or several reservations at once (`count`)."""

    kind: str
    id: str = ""
    count: int = 1


@dataclass(frozen=True, slots=True)
class Deed:
    """One transaction as people see it: `changes` are the balances that it moved. Notes are for staff."""

    id: str
    kind: str
    cause: Cause
    at: datetime
    changes: dict[str, int]


@dataclass(frozen=True, slots=True)
class Deeds:
    """A page of the history; `next_cursor` is empty on the last one."""

    rows: list[Deed]
    next_cursor: str


def history(workspace_id: int, unit: Unit, *, limit: int, cursor: str = "") -> Deeds:
    """The newest transactions, or those before the cursor of an earlier answer; raises Invalid for one that is none."""
    refuse_foreign(workspace_id)
    rows = LedgerTransaction.objects.filter(workspace_id=workspace_id, unit=unit).order_by("-pk")
    if cursor:
        rows = rows.filter(pk__lt=_known(workspace_id, cursor))
    found = list(rows.prefetch_related("entries__account")[: limit + 1])
    causes = _causes(workspace_id, found[:limit])
    deeds = [_deed(row, causes[row.pk]) for row in found[:limit]]
    return Deeds(deeds, deeds[-1].id if len(found) > limit else "")


def _known(workspace_id: int, cursor: str) -> int:
    """The key behind a public id; somebody else's is none."""
    uid = ids.decode(LedgerTransaction.PREFIX, cursor)
    rows = LedgerTransaction.objects.filter(workspace_id=workspace_id, uid=uid) if uid else None
    found = rows.values_list("pk", flat=True).first() if rows is not None else None
    if found is None:
        raise Invalid(FieldError("cursor", "Use the cursor of an earlier answer."))
    return found


def _deed(row: LedgerTransaction, cause: Cause) -> Deed:
    changes: dict[str, int] = {}
    for entry in row.entries.all():
        changes[entry.account.kind] = changes.get(entry.account.kind, 0) + entry.amount
    return Deed(row.public_id, row.kind, cause, row.at, changes)


def _causes(workspace_id: int, rows: Iterable[LedgerTransaction]) -> dict[int, Cause]:
    """Keys of reservations become what they were made for, ids of grants their source."""
    rows = list(rows)
    reserved = {int(row.ref_id) for row in rows if row.ref_type == "reservation"}
    given = [uid for row in rows if row.ref_type == "grant" and (uid := ids.decode(Grant.PREFIX, row.ref_id))]
    known = Reservation.objects.filter(workspace_id=workspace_id, pk__in=reserved)
    refs = {pk: (kind, name) for pk, kind, name in known.values_list("pk", "ref_type", "ref_id")}
    grants = Grant.objects.filter(workspace_id=workspace_id, uid__in=given)
    sources = {ids.encode(Grant.PREFIX, uid): source for uid, source in grants.values_list("uid", "source")}
    return {row.pk: _cause(row, refs, sources) for row in rows}


def _cause(row: LedgerTransaction, refs: dict[int, tuple[str, str]], sources: dict[str, str]) -> Cause:
    if row.ref_type == "reservations":
        return Cause("several", count=int(row.ref_id))
    if row.ref_type == "grant":
        return Cause(sources.get(row.ref_id, "grant"), row.ref_id)
    kind, name = (
        refs.get(int(row.ref_id), ("", "")) if row.ref_type == "reservation" else (row.ref_type, row.ref_id)
    )
    return Cause(kind, name.partition("#")[0])
