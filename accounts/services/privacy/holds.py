"""Legal holds: staff place and release them; erasures and retention leave a held workspace alone."""

from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.errors import AlreadyHeld
from accounts.models import LegalHold, Membership
from accounts.services import audit
from accounts.services.privacy.registry import Subject
from accounts.services.workspaces import lock_workspace
from accounts.types import PrivacyScope
from huntaze.kernel.errors import FieldError, Invalid
from huntaze.kernel.tenancy import cross_workspace, workspace_scope

#: Letters of the reason of a hold.
LEAST_REASON = 15


def place(
    *,
    workspace_pk: int,
    reason: str,
    user_pk: int,
    now: datetime,
    ends_at: datetime | None = None,
) -> LegalHold:
    """Hold a workspace, from now on and, with `ends_at`, until then. Raises Invalid, AlreadyHeld.

    The audit log, which owners read, says that a hold stands and who placed it; the reason is the staff's.
    """
    if len(reason.strip()) < LEAST_REASON:
        raise Invalid(FieldError("reason", f"Use {LEAST_REASON} characters or more."))
    if ends_at is not None and ends_at <= now:
        raise Invalid(FieldError("ends_at", "Use a time to come."))
    try:
        with workspace_scope(workspace_pk), transaction.atomic():
            lock_workspace(workspace_pk)
            hold = LegalHold.objects.create(
                reason=reason.strip()[:200], placed_by_id=user_pk, placed_at=now, ends_at=ends_at
            )
            _record(hold, "hold.placed", audit.Actor.staff(user_pk), now)
    except IntegrityError as error:
        if "legal_hold_standing_once" not in str(error):
            raise
        raise AlreadyHeld from error
    return hold


def release(*, hold: LegalHold, user_pk: int | None, now: datetime) -> bool:
    """Release a hold, by a person or (None) because its time is over; False when it was released before."""
    with workspace_scope(hold.workspace_id), transaction.atomic():
        standing = LegalHold.objects.filter(pk=hold.pk, released_at=None)
        if not standing.update(released_at=now, released_by=user_pk):
            return False
        actor = audit.Actor.staff(user_pk) if user_pk else audit.Actor.system()
        _record(hold, "hold.released", actor, now)
    return True


def release_ended(*, now: datetime) -> int:
    """Release the holds whose time is over; returns how many."""
    with cross_workspace("privacy"):
        over = list(LegalHold.objects.filter(released_at=None, ends_at__lte=now).order_by("pk")[:500])
    return sum(release(hold=hold, user_pk=None, now=now) for hold in over)


def is_held(workspace_pk: int) -> bool:
    """Whether a legal hold stands on the workspace."""
    with workspace_scope(workspace_pk):
        return LegalHold.objects.filter(released_at=None).exists()


def stops(subject: Subject) -> bool:
    """Whether an erasure has to wait: the workspace is held, or, for a person, any of theirs is."""
    if subject.scope is not PrivacyScope.ME:
        return is_held(subject.workspace_pk)
    with cross_workspace("privacy"):
        person = Membership.objects.filter(pk=subject.pk).values("user")
        places = Membership.objects.filter(user__in=person).values("workspace_id")
        return LegalHold.objects.filter(released_at=None, workspace_id__in=places).exists()


def lock_unless_held(subject: Subject) -> bool:
    """In a transaction: True, and no hold can be placed on the workspace until it ends, or False when one stands."""
    lock_workspace(subject.workspace_pk)
    return not stops(subject)


def _record(hold: LegalHold, action: str, actor: audit.Actor, now: datetime) -> None:
    changes = {"endsAt": hold.ends_at.isoformat() if hold.ends_at else None}
    audit.record(
        workspace_id=hold.workspace_id,
        actor=actor,
        action=action,
        now=now,
        target=hold.workspace.public_id,
        changes=changes,
    )
