"""What the apps hold about a workspace, a creator, a fan or a member: for export, and for erasure step by step."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from accounts.types import PrivacyScope
from huntaze.kernel.tenancy import cross_workspace, workspace_scope


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a request is about: a row of the scope's own table."""

    scope: PrivacyScope
    workspace_pk: int
    pk: int
    public_id: str


Rows = Callable[[Subject], QuerySet[Any]]


@dataclass(frozen=True, slots=True)
class Dataset:
    """One file of an export. `columns` maps the field's name outside to how it is read from a row."""

    name: str
    rows: Rows
    columns: dict[str, Callable[[Any], Any]]
    is_lifted: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that an erasure does, in order. `some` does at most so many rows and returns how many, 0 at the end; it
    runs in a transaction of its own. Without it the rows stay, for `reason` and until `until`."""

    name: str
    rows: Rows
    some: Callable[[Subject, datetime, int], int] | None
    reason: str = ""
    until: str = ""
    is_lifted: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody whom a request may be about: public id, what they are called here, and where they belong."""

    public_id: str
    label: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Party:
    """What one app knows. `find` gives the key of a row by public id within these creators (None: all), or None.
    `look` gives, within them, whom somebody means by an id, a handle or a name, at most 20.

    `rank` orders the steps of an erasure over all apps: 0 shuts the doors, 9 comes last.
    """

    name: str
    rank: int
    datasets: Callable[[PrivacyScope], list[Dataset]]
    steps: Callable[[PrivacyScope], list[Step]]
    find: Callable[[PrivacyScope, str, frozenset[int] | None], int | None] = lambda *_: None
    look: Callable[[PrivacyScope, str, frozenset[int] | None], list[Known]] = lambda *_: []


@contextmanager
def wall(part: Dataset | Step, subject: Subject) -> Iterator[None]:
    """The subject's workspace and no other. Only what is about a person, who may belong to several, is lifted."""
    with cross_workspace("privacy") if part.is_lifted else workspace_scope(subject.workspace_pk):
        yield


_parties: dict[str, Party] = {}


def register(party: Party) -> None:
    """Called by an app when it is ready; a second registration replaces the first."""
    _parties[party.name] = party


def parties() -> list[Party]:
    return sorted(_parties.values(), key=lambda party: (party.rank, party.name))


def datasets_of(scope: PrivacyScope) -> list[Dataset]:
    return [dataset for party in parties() for dataset in party.datasets(scope)]


def steps_of(scope: PrivacyScope) -> list[Step]:
    return [step for party in parties() for step in party.steps(scope)]


def delete(name: str, rows: Rows, *, is_lifted: bool = False) -> Step:
    """A step that deletes rows."""

    def some(subject: Subject, now: datetime, limit: int) -> int:
        found = rows(subject)
        pks = list(found.order_by("pk").values_list("pk", flat=True)[:limit])
        if pks:
            found.model._default_manager.filter(pk__in=pks).delete()
        return len(pks)

    return Step(name, rows, some, is_lifted=is_lifted)


def blank(
    name: str,
    rows: Rows,
    change: Callable[[list[Any], Subject, datetime], None],
    *,
    is_lifted: bool = False,
) -> Step:
    """A step that takes the person out of rows which stay; `rows` finds those where that is still to be done."""

    def some(subject: Subject, now: datetime, limit: int) -> int:
        found = list(rows(subject).order_by("pk").select_for_update(of=("self",))[:limit])
        if found:
            change(found, subject, now)
        return len(found)

    return Step(name, rows, some, is_lifted=is_lifted)


def keep(name: str, rows: Rows, *, reason: str, until: str, is_lifted: bool = False) -> Step:
    """Rows that stay; `reason` and `until` are constants with a sentence each on the page."""
    return Step(name, rows, None, reason, until, is_lifted)
