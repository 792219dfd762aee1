"""What is forgotten: one rule for each period of `settings.RETENTION`. Apps register theirs when they are ready."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from accounts.models import LegalHold
from huntaze.kernel.tenancy import cross_workspace

#: Rows of one batch, each of which is a transaction of its own.
BATCH = 2000
HOUR = timedelta(
    minutes=50
)  # less than an hour, so that a timer a little early does not wait for its next turn

Rows = Callable[[datetime], QuerySet[Any]]
Act = Callable[[list[int], datetime], None]


@dataclass(frozen=True, slots=True)
class Rule:
    """`batches` forgets some rows before each of its values, which says how many; it may be left off after any of
    them. `waiting` counts what it would forget. Both are given the time now."""

    name: str
    batches: Callable[[datetime], Iterator[int]]
    waiting: Callable[[datetime], int]
    every: timedelta = HOUR


_rules: dict[str, Rule] = {}


def register(*rules: Rule) -> None:
    """Called by an app when it is ready; a rule of the same name replaces the earlier one."""
    _rules.update({rule.name: rule for rule in rules})


def rules() -> list[Rule]:
    return [_rules[name] for name in sorted(_rules)]


def rule_of(name: str) -> Rule:
    return _rules[name]


def period(name: str) -> timedelta:
    """How long a class of things is kept in this installation."""
    found: timedelta = settings.RETENTION[name]
    return found


def of_rows(name: str, due: Rows, act: Act | None = None, *, every: timedelta = HOUR) -> Rule:
    """A rule over the rows that `due` finds, in its order; they are deleted unless `act` does something else with
    their keys, after which `due` must no longer find them. Rows that somebody holds locked wait for the next run."""

    def one(now: datetime) -> int:
        with cross_workspace("retention"), transaction.atomic():
            rows = due(now)
            pks = list(
                rows.select_for_update(of=("self",), skip_locked=True).values_list("pk", flat=True)[:BATCH]
            )
            if pks and act is not None:
                act(pks, now)
            elif pks:
                rows.model._default_manager.filter(pk__in=pks).delete()
        return len(pks)

    def batches(now: datetime) -> Iterator[int]:
        while count := one(now):
            yield count

    def waiting(now: datetime) -> int:
        with cross_workspace("retention"):
            return due(now).count()

    return Rule(name, batches, waiting, every)


def held() -> QuerySet[Any]:
    """Keys of the workspaces that a legal hold keeps whole, as a subquery; with the wall lifted."""
    return LegalHold.objects.filter(released_at=None).values("workspace_id")
