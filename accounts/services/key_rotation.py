"""Changing keys while everybody works: wrapping keys, and the data keys of workspaces.

Both are safe to run twice, beside themselves and beside traffic, and go on where they were stopped.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction

from accounts.errors import RotationUnfinished
from accounts.models import KeyRotation, Workspace, WorkspaceKey
from huntaze.kernel import crypto, reseal
from huntaze.kernel.keycache import TTL_S
from huntaze.kernel.tenancy import cross_workspace, workspace_scope

log = structlog.get_logger(__name__)

BATCH = 500
#: Until then a process may still seal with the key that it has in memory.
EVERYBODY_KNOWS = timedelta(seconds=TTL_S + 60)
#: How long an old data key is kept at least: somebody may still write back a text that they read under it.
OLD_KEYS_KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """`left` is how many data keys are not under the newest wrapping key, which is 0 when all went well."""

    changed: int
    left: int


def rewrap_keys() -> Rewrapped:
    """Put every data key under the newest wrapping key. Raises DecryptionFailed when one opens with none of ours."""
    newest = settings.CRYPTO_KEKS[0][0]
    changed, after = 0, 0
    rows = WorkspaceKey.objects.exclude(kek_id=newest).order_by("pk")
    while batch := list(rows.filter(pk__gt=after)[:BATCH]):
        for row in batch:
            kek_id, wrapped = crypto.wrap(crypto.unwrap(row.kek_id, bytes(row.wrapped)))
            same = WorkspaceKey.objects.filter(pk=row.pk, kek_id=row.kek_id)
            changed += same.update(kek_id=kek_id, wrapped=wrapped)
        after = batch[-1].pk
    log.info("accounts.keys.rewrapped", changed=changed)
    return Rewrapped(changed, rows.count())


def start_rotation(*, workspace: Workspace | None, now: datetime) -> KeyRotation:
    """A new data key and the record of moving to it; the one under way when there is one."""
    with transaction.atomic():
        _lock(workspace)
        going: KeyRotation | None = KeyRotation.objects.filter(workspace=workspace, finished_at=None).first()
        if going is not None:
            return going
        newest = WorkspaceKey.objects.filter(workspace=workspace).order_by("-version").first()
        kek_id, wrapped = crypto.wrap(os.urandom(crypto.KEY_BYTES))
        version = newest.version + 1 if newest else 1
        WorkspaceKey.objects.create(workspace=workspace, version=version, kek_id=kek_id, wrapped=wrapped)
        rotation = KeyRotation.objects.create(
            workspace=workspace, version=version, started_at=now, walk_began_at=now
        )
    crypto.forget_data_keys()
    return rotation


def go_on(*, rotation: KeyRotation, now: datetime, most_steps: int = 10_000) -> bool:
    """Walk on, at most so many steps; True when nothing is left under an older key.

    Only a walk that began after every process knew the new key, and found nothing, ends the rotation.
    """
    crypto.forget_data_keys()
    for _ in range(most_steps):
        if rotation.finished_at is not None:
            return True
        if not _step(rotation) and not _end_walk(rotation, now):
            return False
    return rotation.finished_at is not None


def destroy_old_keys(*, workspace: Workspace | None, now: datetime) -> int:
    """Delete data keys that nothing is sealed with any more; backups from before can't be read with what is left.

    Raises RotationUnfinished unless a rotation to the newest key ended a day ago.
    """
    with transaction.atomic():
        _lock(workspace)
        keys = WorkspaceKey.objects.filter(workspace=workspace)
        newest = keys.order_by("-version").first()
        is_over = (
            newest is not None
            and KeyRotation.objects.filter(
                workspace=workspace,
                version=newest.version,
                finished_at__lte=now - OLD_KEYS_KEPT,
                unreadable=0,
            ).exists()
        )
        if newest is None or not is_over:
            raise RotationUnfinished
        count, _ = keys.filter(version__lt=newest.version).delete()
    crypto.forget_data_keys()
    log.info("accounts.keys.destroyed", keys=count)
    return count


def unfinished() -> list[KeyRotation]:
    """Rotations under way, oldest first; at most 50."""
    return list(KeyRotation.objects.filter(finished_at=None).order_by("started_at")[:50])


def _step(rotation: KeyRotation) -> bool:
    """One batch of the first table that is not through; False when all are."""
    for model in reseal.sealed_models(of_workspaces=rotation.workspace_id is not None):
        table = model._meta.db_table
        after = rotation.position.get(table, 0)
        if after is None:
            continue
        with _scope(rotation.workspace_id):
            step = reseal.reseal(model, after_pk=after, version=rotation.version, limit=BATCH)
        rotation.position[table] = step.last_pk
        rotation.stale += step.stale
        rotation.unreadable += step.unreadable
        rotation.seen += step.seen
        rotation.changed += step.changed
        rotation.save(update_fields=["position", "stale", "unreadable", "seen", "changed"])
        return True
    return False


def _end_walk(rotation: KeyRotation, now: datetime) -> bool:
    """Finish, or begin the next walk; False when that would be too early to be the last one."""
    knew = rotation.started_at + EVERYBODY_KNOWS
    if rotation.stale == rotation.unreadable and rotation.walk_began_at >= knew:
        rotation.finished_at = now
        rotation.save(update_fields=["finished_at"])
        log.info("accounts.keys.rotated", changed=rotation.changed, unreadable=rotation.unreadable)
        return True
    if now < knew:
        return False
    rotation.position, rotation.walk_began_at, rotation.stale, rotation.unreadable = {}, now, 0, 0
    rotation.walks += 1
    rotation.save(update_fields=["position", "walk_began_at", "stale", "unreadable", "walks"])
    return True


def _lock(workspace: Workspace | None) -> None:
    """One start at a time; the installation's own keys have no row to lock but their oldest."""
    if workspace is not None:
        Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)
    else:
        WorkspaceKey.objects.filter(workspace=None).select_for_update().order_by("version").first()


@contextmanager
def _scope(workspace_id: int | None) -> Iterator[None]:
    with cross_workspace("keys") if workspace_id is None else workspace_scope(workspace_id):
        yield
