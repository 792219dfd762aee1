"""Limits and credits for tests."""

from datetime import datetime, timedelta
from typing import Any

from accounts.models import Workspace
from accounts.services.audit import Actor
from billing.models import Grant, LimitOverride, Plan, SubscriptionRecord
from billing.selectors import cache
from billing.services.ledger import grants
from billing.types import Feature, GrantSource, Unit
from huntaze.kernel import clock, ids
from huntaze.kernel.tenancy import cross_workspace


def limit(workspace: Workspace, feature: Feature, value: int | None) -> None:
    """A limit of the workspace's own; null is unlimited."""
    with cross_workspace("demo"):
        LimitOverride.objects.update_or_create(
            workspace=workspace, feature=feature, defaults={"value": value, "reason": "test"}
        )
    cache.forget()


def unpaid(workspace: Workspace) -> None:
    """Its subscription has not been paid for too long: the workspace is read-only."""
    now = clock.now()
    with cross_workspace("demo"):
        SubscriptionRecord.objects.create(
            workspace=workspace,
            plan=Plan.objects.get(key="pro"),
            status="unpaid",
            access_status="unpaid",
            current_period_start=now - timedelta(days=10),
            current_period_end=now + timedelta(days=20),
        )
    cache.forget()


def credits(
    workspace: Workspace,
    amount: int,
    *,
    unit: Unit = Unit.MESSAGE,
    source: GrantSource = GrantSource.PACK,
    now: datetime | None = None,
    **fields: Any,
) -> Grant:
    """Credits given to the workspace now."""
    key = str(ids.uuid7())
    with cross_workspace("demo"):
        grants.grant(
            workspace_id=workspace.pk,
            unit=unit,
            amount=amount,
            source=source,
            key=key,
            now=now or clock.now(),
            actor=Actor.system(),
            **fields,
        )
        row: Grant = Grant.objects.filter(workspace=workspace, unit=unit).latest("pk")
    return row


def subscribed(workspace: Workspace, plan: str = "pro", **fields: Any) -> SubscriptionRecord:
    """A subscription that is paid."""
    values: dict[str, Any] = {"status": "active", "access_status": "active", "interval": "month"} | fields
    with cross_workspace("demo"):
        row: SubscriptionRecord = SubscriptionRecord.objects.create(
            workspace=workspace, plan=Plan.objects.get(key=plan), **values
        )
    cache.forget()
    return row
