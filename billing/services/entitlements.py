"""May this workspace do this now? The one question, and the one place that answers it.

Nobody compares names of plans. A door that spends asks here: `can` looks, the others take and raise.
"""

from datetime import datetime

from billing.errors import ReadOnlyAccess
from billing.models import StockCount
from billing.rules import credits
from billing.rules.features import KINDS, UNITS
from billing.selectors.counters import used
from billing.selectors.credits import purses, still_to_come
from billing.selectors.standing import smallest_plan_with, standing
from billing.selectors.stock import counted
from billing.services import counters
from billing.types import Access, Feature, FeatureKind, Standing, Verdict
from huntaze.kernel.errors import PlanRequired, UsageLimitExceeded


def can(*, workspace_id: int, feature: Feature, now: datetime, quantity: int = 1) -> Verdict:
    """Whether the workspace may do `quantity` of it now; takes nothing and locks nothing.

    Credits count with what packs and the plan still give, a window asks for so many days.
    """
    at = standing(workspace_id, now)
    kind = KINDS[feature]
    if kind is FeatureKind.WINDOW:
        return _of_window(at, feature, quantity)
    if at.access is Access.READ_ONLY:
        return Verdict(False, at.limits.get(feature, 0), None, 0, None, "read_only")
    if kind is FeatureKind.FLAG:
        return _of_flag(at, feature)
    if kind is FeatureKind.STOCK:
        return _of_stock(at, feature, counted(workspace_id, feature), quantity)
    if kind is FeatureKind.COUNTER:
        return _of_counter(at, feature, used(workspace_id, feature, at.period_start), quantity)
    return _of_credits(at, workspace_id, feature, quantity, now)


def require(*, workspace_id: int, feature: Feature, now: datetime, quantity: int = 1) -> None:
    """`can`, as an exception: ReadOnlyAccess, PlanRequired or UsageLimitExceeded."""
    refuse(can(workspace_id=workspace_id, feature=feature, now=now, quantity=quantity), feature)


def take_stock(*, workspace_id: int, feature: Feature, now: datetime, quantity: int = 1) -> None:
    """Make room for so many more in the caller's transaction, which makes them; raises as `require` does."""
    at = standing(workspace_id, now)
    if at.access is Access.READ_ONLY:
        raise ReadOnlyAccess
    _lock(workspace_id, feature)
    refuse(_of_stock(at, feature, counted(workspace_id, feature), quantity), feature)


def count(*, workspace_id: int, feature: Feature, now: datetime) -> None:
    """Count one use; raises UsageLimitExceeded. A counter goes on in a workspace that may only be read."""
    refuse(counters.count(workspace_id=workspace_id, feature=feature, now=now), feature)


def refuse(verdict: Verdict, feature: Feature) -> None:
    """Raise what a verdict says."""
    if verdict.allowed:
        return
    if verdict.reason == "read_only":
        raise ReadOnlyAccess
    if verdict.reason == "plan":
        raise PlanRequired(feature=str(feature), plan=smallest_plan_with(feature))
    raise UsageLimitExceeded(
        limit=verdict.limit, used=verdict.used, reset_date=verdict.resets_at, feature=str(feature)
    )


def _lock(workspace_id: int, feature: Feature) -> None:
    """Held until the caller's transaction ends: who makes one more counts what there is meanwhile."""
    StockCount.objects.get_or_create(workspace_id=workspace_id, feature=feature)
    StockCount.objects.select_for_update(of=("self",), no_key=True).get(
        workspace_id=workspace_id, feature=feature
    )


def _of_flag(at: Standing, feature: Feature) -> Verdict:
    value = at.limits.get(feature, 0)
    is_on = value is None or value > 0
    return Verdict(is_on, value, None, None, None, "" if is_on else "plan")


def _of_window(at: Standing, feature: Feature, quantity: int) -> Verdict:
    value = at.limits.get(feature, 0)
    is_inside = value is None or quantity <= value
    return Verdict(is_inside, value, None, None, None, "" if is_inside else "plan")


def _of_stock(at: Standing, feature: Feature, used: int, quantity: int) -> Verdict:
    return _within(at.limits.get(feature, 0), used, quantity, None)


def _of_counter(at: Standing, feature: Feature, used: int, quantity: int) -> Verdict:
    return _within(at.limits.get(feature, 0), used, quantity, at.period_end)


def _within(limit: int | None, used: int, quantity: int, resets_at: datetime | None) -> Verdict:
    if limit is None:
        return Verdict(True, None, used, None, resets_at)
    is_room = used + quantity <= limit
    return Verdict(is_room, limit, used, max(0, limit - used), resets_at, "" if is_room else "limit")


def _of_credits(at: Standing, workspace_id: int, feature: Feature, quantity: int, now: datetime) -> Verdict:
    unit = UNITS[feature]
    found = purses(workspace_id, unit, now)
    limit = at.limits.get(feature, 0)
    resets_at = at.period_end if at.is_renewing else None
    mine = [purse for purse in found if purse.period_start == at.period_start]
    used = sum(purse.amount - purse.remaining for purse in mine)
    if limit is None:
        return Verdict(True, None, used, None, resets_at)
    left = credits.spendable(found) + still_to_come(workspace_id, found, at, unit, quantity)
    is_enough = quantity <= left
    return Verdict(is_enough, limit, used, left, resets_at, "" if is_enough else "limit")
