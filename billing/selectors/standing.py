"""Where workspaces stand: the plan in force, its limits with the workspace's own, and the period that counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings

from accounts.models import Workspace
from billing.models import LimitOverride, Plan, PlanLimit
from billing.rules import periods
from billing.rules.access import access, grace_ends_at
from billing.selectors.cache import remembered
from billing.selectors.subscriptions import subscription_of
from billing.types import Access, Feature, Override, Standing, Subscription, SubscriptionStatus
from huntaze.kernel.tenancy import refuse_foreign

log = structlog.get_logger(__name__)

FREE = "free"
_RENEWING = frozenset({SubscriptionStatus.ACTIVE, SubscriptionStatus.TRIALING})


@dataclass(frozen=True, slots=True)
class _Known:
    """What a standing follows from."""

    created_at: datetime
    subscription: Subscription | None
    overrides: Mapping[str, Override]


def standing(workspace_id: int, now: datetime) -> Standing:
    """Where the workspace stands at `now`; at most some seconds behind the rows that it follows from."""
    refuse_foreign(workspace_id)
    known = remembered(("workspace", workspace_id), lambda: _known(workspace_id))
    bought = known.subscription
    way = _access(bought, now)
    plan = bought.plan if bought is not None and way is not Access.FREE else FREE
    if bought is not None and way is not Access.FREE:
        start, end = periods.of_paid(bought.period_start, bought.period_end, now)
        is_renewing = bought.status in _RENEWING
    else:
        start, end = periods.of_free(known.created_at, now)
        is_renewing = True
    own = {
        feature: override.value
        for feature, override in known.overrides.items()
        if override.until is None or now < override.until
    }
    return Standing(plan, way, start, end, is_renewing, {**limits_of_plan(plan), **own})


def grace_until(workspace_id: int, now: datetime) -> datetime | None:
    """Until when an overdue subscription keeps its access; null when nothing is overdue, or the grace is over."""
    refuse_foreign(workspace_id)
    known = remembered(("workspace", workspace_id), lambda: _known(workspace_id))
    bought, grace = known.subscription, timedelta(hours=settings.BILLING_GRACE_HOURS)
    if bought is None:
        return None
    ends = grace_ends_at(bought.status, bought.past_due_since, grace=grace)
    return ends if ends and now < ends else None


def limits_of_plan(plan: str) -> Mapping[str, int | None]:
    """What a plan allows, by feature; one that it says nothing of is not allowed."""
    return remembered("plans", _plans).get(plan, {})


def smallest_plan_with(feature: Feature) -> str | None:
    """The key of the lowest public plan that allows any of a feature; null when none does."""
    for plan in remembered("ranks", _ranks):
        value = limits_of_plan(plan).get(feature, 0)
        if value is None or value > 0:
            return plan
    return None


def _access(bought: Subscription | None, now: datetime) -> Access:
    if bought is None:
        return Access.FREE
    found = access(
        bought.status, bought.past_due_since, now, grace=timedelta(hours=settings.BILLING_GRACE_HOURS)
    )
    if found is None:
        log.error("billing.subscription.unknown_status", status=bought.status)
        return Access.FULL
    return found


def _known(workspace_id: int) -> _Known:
    created_at = Workspace.objects.values_list("created_at", flat=True).get(pk=workspace_id)
    rows = LimitOverride.objects.filter(workspace_id=workspace_id)
    overrides = {row.feature: Override(row.value, row.until) for row in rows}
    return _Known(created_at, subscription_of(workspace_id), overrides)


def _plans() -> dict[str, dict[str, int | None]]:
    found: dict[str, dict[str, int | None]] = {}
    for key, feature, value in PlanLimit.objects.values_list("plan__key", "feature", "value"):
        found.setdefault(key, {})[feature] = value
    return found


def _ranks() -> list[str]:
    return list(Plan.objects.filter(is_public=True).order_by("rank").values_list("key", flat=True))
