"""What a workspace has used of what it may, for the page and `GET /api/billing/usage`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from billing.models import Grant
from billing.rules.features import FEATURE_OF, KINDS, UNITS
from billing.selectors.counters import used as times_used
from billing.selectors.credits import balance, living, purses, still_to_come
from billing.selectors.standing import standing
from billing.selectors.stock import counted
from billing.types import AI_USD_PER_DOLLAR, Balance, Feature, FeatureKind, Standing, Unit

#: Grants shown, the first to be spent first.
MOST_GRANTS = 50


@dataclass(frozen=True, slots=True)
class Used:
    """Of one feature, in its own unit; null: no limit, or nothing that renews it."""

    limit: int | None
    used: int
    reserved: int
    remaining: int | None
    resets_at: datetime | None


@dataclass(frozen=True, slots=True)
class Usage:
    """A workspace's usage in its period; `available` messages with what the plan still gives, null without limit."""

    standing: Standing
    features: Mapping[Feature, Used]
    available: int | None
    messages: Balance
    grants: list[Grant]


def usage(workspace_id: int, now: datetime) -> Usage:
    """Every feature that is used up, the messages that may be sent, and which grants pay for them."""
    at = standing(workspace_id, now)
    features = {feature: _used(workspace_id, feature, at, now) for feature in Feature if _is_used_up(feature)}
    grants = living(workspace_id, Unit.MESSAGE, now).filter(frozen_at=None, remaining__gt=0)
    held = balance(workspace_id, Unit.MESSAGE, now)
    is_limited = at.limits.get(Feature.MESSAGES, 0) is not None
    found = purses(workspace_id, Unit.MESSAGE, now)
    more = still_to_come(workspace_id, found, at, Unit.MESSAGE, 0)
    return Usage(
        at, features, held.available + more if is_limited else None, held, list(grants[:MOST_GRANTS])
    )


def _is_used_up(feature: Feature) -> bool:
    return KINDS[feature] in {FeatureKind.LEDGER, FeatureKind.STOCK, FeatureKind.COUNTER}


def _used(workspace_id: int, feature: Feature, at: Standing, now: datetime) -> Used:
    limit = at.limits.get(feature, 0)
    if feature in UNITS:
        return _of_allowance(workspace_id, UNITS[feature], at, now)
    if KINDS[feature] is FeatureKind.COUNTER:
        return _of(limit, times_used(workspace_id, feature, at.period_start), 0, at.period_end)
    return _of(limit, counted(workspace_id, feature), 0, None)


def _of_allowance(workspace_id: int, unit: Unit, at: Standing, now: datetime) -> Used:
    """The plan's allowance of this period; packs are not part of it."""
    amount, remaining, reserved = 0, 0, 0
    for row in living(workspace_id, unit, now).filter(period_start=at.period_start):
        amount, remaining, reserved = amount + row.amount, remaining + row.remaining, reserved + row.reserved
    resets_at = at.period_end if at.is_renewing else None
    return _of(at.limits.get(FEATURE_OF[unit], 0), amount - remaining - reserved, reserved, resets_at)


def _of(limit: int | None, used: int, reserved: int, resets_at: datetime | None) -> Used:
    left = None if limit is None else max(0, limit - used - reserved)
    return Used(limit, used, reserved, left, resets_at)


def dollars(units: int) -> Decimal:
    """`Unit.AI_USD` as US dollars, exactly."""
    return Decimal(units) / AI_USD_PER_DOLLAR
