"""Data keys of workspaces: made at first use, kept wrapped, handed to the kernel's encryption."""

import os

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import Workspace, WorkspaceKey
from accounts.types import WorkspaceStatus
from huntaze.kernel import crypto


class WorkspaceDataKeys:
    """The kernel's source of data keys; `workspace_id` None means the installation's own key."""

    def current(self, workspace_id: int | None) -> tuple[int, bytes]:
        """Version and key to encrypt with, made when there is none."""
        row = self._newest(workspace_id)
        if row is None:
            self._make(workspace_id)
            row = self._newest(workspace_id)
            assert row is not None
        return row.version, crypto.unwrap(row.kek_id, bytes(row.wrapped))

    def by_version(self, workspace_id: int | None, version: int) -> bytes:
        """The key of one version; raises DecryptionFailed when it is gone."""
        row = _rows(workspace_id).filter(version=version).first()
        if row is None:
            raise crypto.DecryptionFailed("the data key is gone")
        return crypto.unwrap(row.kek_id, bytes(row.wrapped))

    def _newest(self, workspace_id: int | None) -> WorkspaceKey | None:
        return _rows(workspace_id).order_by("-version").first()

    def _make(self, workspace_id: int | None) -> None:
        """Two makers at once: the unique key lets one win, and both read the winner's."""
        erased = Workspace.objects.filter(status=WorkspaceStatus.ERASED)
        if workspace_id is not None and erased.filter(pk=workspace_id).exists():
            raise crypto.DecryptionFailed("an erased workspace seals nothing any more")
        kek_id, wrapped = crypto.wrap(os.urandom(32))
        with transaction.atomic():
            WorkspaceKey.objects.bulk_create(
                [WorkspaceKey(workspace_id=workspace_id, version=1, kek_id=kek_id, wrapped=wrapped)],
                ignore_conflicts=True,
            )


def _rows(workspace_id: int | None) -> QuerySet[WorkspaceKey]:
    if workspace_id is None:
        return WorkspaceKey.objects.filter(workspace__isnull=True)
    return WorkspaceKey.objects.filter(workspace_id=workspace_id)
