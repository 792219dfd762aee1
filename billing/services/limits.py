"""Changing what workspaces may do: limits of their own, credits by hand; and telling every process."""

from collections.abc import Mapping
from datetime import datetime

import structlog
from django.db import transaction
from redis.exceptions import RedisError

from accounts.services import audit
from billing.models import LimitOverride, PlanLimit, PlanLimitChange
from billing.selectors import cache
from billing.services.ledger import grants
from billing.types import Feature, GrantSource, Unit
from huntaze.kernel import clock, ids, redis

log = structlog.get_logger(__name__)

#: What a demo may do; there is no limit for what is not a number.
PLAY: dict[Feature, int | None] = dict.fromkeys(Feature) | {
    Feature.MESSAGES: 50_000,
    Feature.CREATORS: 25,
    Feature.SEATS: 25,
}


def tell_everybody() -> None:
    """Plans, limits or subscriptions have changed: every process reads them anew within two seconds of the commit."""
    cache.forget()
    transaction.on_commit(_publish)


def change_plan(*, row: PlanLimit, value: int | None, reason: str, actor: audit.Actor, now: datetime) -> bool:
    """A plan allows another amount from now on; null is unlimited. False when it is the amount already."""
    with transaction.atomic():
        before = PlanLimit.objects.select_for_update().get(pk=row.pk)
        if before.value == value:
            return False
        PlanLimit.objects.filter(pk=row.pk).update(value=value)
        PlanLimitChange.objects.create(
            plan_id=before.plan_id,
            feature=before.feature,
            was=before.value,
            value=value,
            reason=reason,
            changed_by_id=actor.user_pk,
            at=now,
        )
        tell_everybody()
    return True


def override(
    *,
    workspace_id: int,
    limits: Mapping[Feature, int | None],
    reason: str,
    actor: audit.Actor,
    now: datetime,
    until: datetime | None = None,
) -> None:
    """Give a workspace limits of its own, until a moment or for good; null is unlimited."""
    with transaction.atomic():
        for feature, value in sorted(limits.items()):
            LimitOverride.objects.update_or_create(
                workspace_id=workspace_id,
                feature=feature,
                defaults={"value": value, "until": until, "reason": reason},
            )
        changes = {str(feature): value for feature, value in limits.items()}
        audit.record(
            workspace_id=workspace_id,
            actor=actor,
            action="limits.overridden",
            now=now,
            changes=changes | {"until": clock.iso(until) if until else None},
            reason=reason,
        )
        tell_everybody()


def play(*, workspace_id: int) -> None:
    """What a demo's workspace may do: everything. No row of the log says so, because it would outlive the demo."""
    LimitOverride.objects.bulk_create(
        LimitOverride(workspace_id=workspace_id, feature=feature, value=value, reason="demo")
        for feature, value in PLAY.items()
    )
    cache.forget()


def end_override(*, row: LimitOverride, reason: str, actor: audit.Actor, now: datetime) -> None:
    """Back to the plan's limit."""
    with transaction.atomic():
        LimitOverride.objects.filter(pk=row.pk).delete()
        audit.record(
            workspace_id=row.workspace_id,
            actor=actor,
            action="limits.override_ended",
            now=now,
            changes={"feature": row.feature},
            reason=reason,
        )
        tell_everybody()


def give_credits(
    *,
    workspace_id: int,
    unit: Unit,
    amount: int,
    reason: str,
    actor: audit.Actor,
    now: datetime,
    expires_at: datetime | None = None,
    key: str | None = None,
) -> bool:
    """Credits by hand; `key` makes a form that comes twice give once. False when it was given before."""
    with transaction.atomic():
        is_new = grants.grant(
            workspace_id=workspace_id,
            unit=unit,
            amount=amount,
            source=GrantSource.MANUAL,
            key=f"manual:{key or ids.uuid7()}",
            now=now,
            actor=actor,
            expires_at=expires_at,
            note=reason,
        )
        if is_new:
            ends = clock.iso(expires_at) if expires_at else None
            changes = {"unit": str(unit), "amount": amount, "expires_at": ends}
            audit.record(
                workspace_id=workspace_id,
                actor=actor,
                action="credits.granted",
                now=now,
                changes=changes,
                reason=reason,
            )
    return is_new


def _publish() -> None:
    cache.forget()
    try:
        redis.client().incr(cache.KEY)
    except RedisError:
        log.warning("billing.limits.untold")
