"""The only writer of the audit log."""

import json
from datetime import datetime
from typing import Any

from accounts.models import AuditEvent
from accounts.rules import audit_chain as chain
from huntaze.kernel import context, crypto, sql
from huntaze.kernel.actor import Actor as Actor
from huntaze.kernel.tenancy import WorkspaceModel

_INSERT = """
INSERT INTO accounts_auditevent (
       uid, workspace_id, actor_kind, actor_user_id, actor_member_id, actor_key_id, action, target, changes, reason,
       trace_id, ip, user_agent, origin_digest, mac, at)
VALUES (%(uid)s, %(workspace_id)s, %(actor_kind)s, %(actor_user_id)s, %(actor_member_id)s, %(actor_key_id)s,
        %(action)s, %(target)s, %(stored_changes)s::jsonb, %(reason)s, %(trace_id)s, %(ip)s::inet, %(user_agent)s,
        %(origin_digest)s, %(mac)s, %(at)s)
RETURNING id
"""


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
    """Add one row, in the caller's transaction: one INSERT and no lock. `action` is a constant, `changes` allow-listed
    by the caller; public ids, never names."""
    event = signed_row(
        workspace_id=workspace_id,
        actor=actor,
        action=action,
        now=now,
        target=target,
        changes=changes,
        reason=reason,
    )
    event.claim_workspace()
    found = sql.row(_INSERT, vars(event) | {"stored_changes": json.dumps(event.changes)})
    assert found is not None
    event.pk = found[0]
    return event


def record_of(
    row: WorkspaceModel,
    actor: Actor,
    action: str,
    now: datetime,
    changes: dict[str, Any] | None = None,
) -> AuditEvent:
    """`record` about a row: its workspace, and its public id as the target."""
    target: str = row.public_id  # type: ignore[attr-defined]
    return record(
        workspace_id=row.workspace_id, actor=actor, action=action, now=now, target=target, changes=changes
    )


def signed_row(
    *,
    workspace_id: int,
    actor: Actor,
    action: str,
    now: datetime,
    target: str,
    changes: dict[str, Any] | None,
    reason: str,
) -> AuditEvent:
    """The row that `record` adds, for a caller who inserts it together with others; it must not be changed."""
    ip, user_agent = context.origin()
    event = AuditEvent(
        workspace_id=workspace_id,
        actor_kind=actor.kind,
        actor_user_id=actor.user_pk,
        actor_member_id=actor.member_pk,
        actor_key_id=actor.key_pk,
        action=action,
        target=target,
        changes=chain.plain(changes),
        reason=reason[:200],
        trace_id=context.trace_id(),
        ip=ip,
        user_agent=user_agent.replace("\0", "")[:200],
        at=now,
    )
    if ip or user_agent:
        event.origin_digest = origin_digest_of(event)
    event.mac = mac_of(event)
    return event


def mac_of(event: AuditEvent) -> bytes:
    """The signature over a row as it stands. Its key is not in the database, so SQL alone can't forge it."""
    text = chain.canonical(
        uid=str(event.uid),
        workspace_id=event.workspace_id,
        actor=(event.actor_kind, event.actor_user_id, event.actor_member_id, event.actor_key_id),
        action=event.action,
        target=event.target,
        changes=event.changes,
        reason=event.reason,
        trace_id=event.trace_id,
        at=event.at,
        origin_digest=bytes(event.origin_digest) if event.origin_digest else None,
    )
    return crypto.blind_index(text, purpose="audit-event")


def origin_digest_of(event: AuditEvent) -> bytes:
    """The signature over address and browser."""
    return crypto.blind_index(
        chain.origin(str(event.uid), event.ip, event.user_agent), purpose="audit-origin"
    )
