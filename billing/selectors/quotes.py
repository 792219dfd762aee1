"""What something would cost, as of now: shown before people decide. Nothing is locked, so it may have changed since."""

from datetime import datetime

from billing.rules.features import FEATURE_OF
from billing.rules.quotes import Quote, quote
from billing.selectors.credits import purses, still_to_come
from billing.selectors.standing import standing
from billing.types import Unit


def quoted(workspace_id: int, unit: Unit, cost: int, now: datetime) -> Quote:
    """What so many credits would cost the workspace."""
    at = standing(workspace_id, now)
    is_unlimited = at.limits.get(FEATURE_OF[unit], 0) is None
    found = purses(workspace_id, unit, now)
    coming = still_to_come(workspace_id, found, at, unit, cost)
    return quote(found, at, cost, coming=coming, is_unlimited=is_unlimited)
