"""The only writer of the audit log."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.models import AuditEvent
from huntaze.kernel import context


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. `kind` is member, key, staff or system; the keys are integer primary keys."""

    kind: str
    user_pk: int | None = None
    member_pk: int | None = None
    key_pk: int | None = None

    @classmethod
    def system(cls) -> "Actor":
        return cls("system")

    @classmethod
    def staff(cls, user_pk: int) -> "Actor":
        return cls("staff", user_pk=user_pk)

    @classmethod
    def member(cls, user_pk: int, member_pk: int, key_pk: int | None = None) -> "Actor":
        return cls("key" if key_pk else "member", user_pk, member_pk, key_pk)


def record(
    *,
    workspace_id: int,
    actor: Actor,
    action: str,
    now: datetime,
    target: str = "",
    changes: dict[str, Any] | None = None,
    reason: str = "",
) -> AuditEvent:
    """Add one row, in the caller's transaction. `action` is a constant, `changes` allow-listed by the caller."""
    return AuditEvent.objects.create(
        workspace_id=workspace_id,
        actor_kind=actor.kind,
        actor_user_id=actor.user_pk,
        actor_member_id=actor.member_pk,
        actor_key_id=actor.key_pk,
        action=action,
        target=target,
        changes=changes or {},
        reason=reason[:200],
        trace_id=context.trace_id(),
        at=now,
    )
