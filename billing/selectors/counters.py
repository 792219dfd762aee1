"""How often counted features were used: in Redis as of now, in the database as of the last minute."""

from datetime import datetime

from redis.exceptions import RedisError

from billing.models import UsageCount
from billing.types import Feature
from huntaze.kernel import redis


def key_of(workspace_id: int, feature: Feature, period_start: datetime) -> str:
    return f"billing:used|{workspace_id}|{feature}|{period_start.isoformat()}"


def used(workspace_id: int, feature: Feature, period_start: datetime) -> int:
    """How often a feature was used in a period."""
    try:
        found = redis.client().get(key_of(workspace_id, feature, period_start))
    except RedisError:
        found = None
    return written(workspace_id, feature, period_start) if found is None else int(found)


def written(workspace_id: int, feature: Feature, period_start: datetime) -> int:
    """What the database knows of it."""
    rows = UsageCount.objects.filter(workspace_id=workspace_id, feature=feature, period_start=period_start)
    return rows.values_list("used", flat=True).first() or 0
