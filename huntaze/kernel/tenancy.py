"""The first wall between workspaces: without an open scope a tenant table can't be read or written.

A scope opens in four places only: authentication, the base views, the job base task, and `cross_workspace("why")`
for staff pages and the system's own loops. See docs/adr/0001-workspace-scope.md.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

from django.conf import settings
from django.db import models

from huntaze.kernel import metrics


class ScopeMissing(RuntimeError):
    """A tenant table was touched without a workspace scope."""


class WrongWorkspace(RuntimeError):
    """A row of one workspace was about to be written in the scope of another."""


@dataclass(frozen=True, slots=True)
class _Lifted:
    reason: str


_scope: ContextVar[int | _Lifted | None] = ContextVar("workspace_scope", default=None)


@contextmanager
def workspace_scope(workspace_id: int) -> Iterator[None]:
    """Limit every tenant query in this block to one workspace (its integer key)."""
    if type(workspace_id) is not int:
        raise TypeError("a workspace scope takes one integer key")
    outer = _scope.get()
    if isinstance(outer, int) and outer != workspace_id:
        raise WrongWorkspace("a scope of another workspace is open")
    token = _scope.set(workspace_id)
    try:
        yield
    finally:
        _scope.reset(token)


@contextmanager
def cross_workspace(reason: str) -> Iterator[None]:
    """Lift the wall for staff pages and the system's own loops; counted by reason."""
    if isinstance(_scope.get(), int):
        raise WrongWorkspace("the wall can't be lifted inside a workspace's scope")
    if not reason:
        raise ValueError("cross_workspace needs a reason")
    metrics.CROSS_WORKSPACE.labels(reason=reason).inc()
    token = _scope.set(_Lifted(reason))
    try:
        yield
    finally:
        _scope.reset(token)


def current_workspace_id() -> int | None:
    """The open scope's workspace, or None when the wall is lifted; raises ScopeMissing without either."""
    scope = _scope.get()
    if scope is None:
        raise ScopeMissing("no workspace scope is open")
    return scope if isinstance(scope, int) else None


def refuse_foreign(workspace_id: int) -> None:
    """For writes that no model makes: raises WrongWorkspace for a row of another workspace than the scope's."""
    if current_workspace_id() not in (None, workspace_id):
        raise WrongWorkspace("the row belongs to another workspace")


M = TypeVar("M", bound="WorkspaceModel")


class WorkspaceQuerySet(models.QuerySet[M]):
    """Queries of one workspace; bulk writes are checked like single ones."""

    def bulk_create(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> list[M]:
        rows = list(objs)
        for row in rows:
            row.claim_workspace()
        return super().bulk_create(rows, *args, **kwargs)


class WorkspaceManager(models.Manager[M]):
    """Raises ScopeMissing unless a scope is open; add a vocabulary with `WorkspaceManager.from_queryset(…)`."""

    _queryset_class = WorkspaceQuerySet

    def get_queryset(self) -> models.QuerySet[M]:
        workspace_id = current_workspace_id()
        rows = super().get_queryset()
        return rows if workspace_id is None else rows.filter(workspace_id=workspace_id)

    def none(self) -> models.QuerySet[M]:
        """Free of any scope: nothing is read."""
        return super().get_queryset().none()


class WorkspaceModel(models.Model):
    """A row that belongs to one workspace."""

    workspace = models.ForeignKey(settings.WORKSPACE_MODEL, models.PROTECT, related_name="+")
    workspace_id: int
    objects = WorkspaceManager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """The one `save` override of the house: a row of another workspace is refused."""
        self.claim_workspace()
        super().save(*args, **kwargs)

    def claim_workspace(self) -> None:
        """Fill in the scope's workspace, or refuse when the row belongs to another one."""
        scope = current_workspace_id()
        if scope is None:
            return
        if self.workspace_id is None:
            self.workspace_id = scope
        elif self.workspace_id != scope:
            raise WrongWorkspace(f"{type(self).__name__} belongs to another workspace")
