"""Dead letters as staff work through them: by cause, newest first, in pages that cost the same however many there are.

For the staff's pages, with the wall lifted.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet, Subquery

from accounts.models import PlatformAccount
from messaging.models import DeadLetterRun, Delivery
from messaging.selectors.deliveries import COUNTED
from messaging.types import DeadFilter

PAGE = 50


@dataclass(frozen=True, slots=True)
class Cause:
    code: str
    count: int


@dataclass(frozen=True, slots=True)
class DeadPage:
    """One page of the list. `total` and the causes count the newest COUNTED; `next_after` is empty at the end."""

    rows: list[Delivery]
    total: int
    causes: list[Cause]
    next_after: str


def wanted(found: DeadFilter) -> QuerySet[Delivery]:
    """The dead letters that a filter means, newest first."""
    rows = Delivery.objects.dead_letters().order_by("-id")
    if found.account_pk is not None:
        rows = rows.filter(account_id=found.account_pk)
    elif found.workspace_pk is not None:
        accounts = PlatformAccount.objects.filter(workspace_id=found.workspace_pk).values_list(
            "pk", flat=True
        )
        rows = rows.filter(account_id__in=list(accounts))
    return rows.filter(last_error=found.cause) if found.cause else rows


def dead_page(found: DeadFilter, *, after: str = "") -> DeadPage:
    """A cursor that is none of ours is the first page."""
    rows = wanted(found)
    causes = causes_of(DeadFilter("", found.workspace_pk, found.account_pk))
    total = next((one.count for one in causes if one.code == found.cause), 0) if found.cause else None
    if after.isdecimal() and len(after) < 19:
        rows = rows.filter(pk__lt=int(after))
    shown = list(rows.select_related("account__creator", "workspace", "message")[: PAGE + 1])
    return DeadPage(
        rows=shown[:PAGE],
        total=sum(one.count for one in causes) if total is None else total,
        causes=causes,
        next_after=str(shown[PAGE - 1].pk) if len(shown) > PAGE else "",
    )


def causes_of(found: DeadFilter) -> list[Cause]:
    """How many of each cause, the commonest first."""
    newest = wanted(found).values("pk")[:COUNTED]
    rows: Any = Delivery.objects.filter(pk__in=Subquery(newest)).order_by().values("last_error")
    counted = rows.annotate(count=Count("pk")).order_by("-count", "last_error")
    return [Cause(row["last_error"], row["count"]) for row in counted]


def count_of(found: DeadFilter) -> int:
    """How many a filter means: all of them, for somebody who is about to do something to all."""
    return wanted(found).order_by().count()


def next_of(run: DeadLetterRun, limit: int) -> list[Delivery]:
    """The next rows of a run, below the last one that it has looked at."""
    found = DeadFilter(run.cause, run.workspace_pk, run.account_pk)
    rows = wanted(found).filter(pk__lte=run.newest_pk)
    if run.position is not None:
        rows = rows.filter(pk__lt=run.position)
    return list(rows.select_related("message", "account")[:limit])
