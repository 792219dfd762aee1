"""Features that are counted, not reserved: in Redis at once, in the database each minute."""

from datetime import datetime
from typing import Any

import structlog
from redis.exceptions import RedisError

from billing.selectors.counters import key_of, written
from billing.selectors.standing import standing
from billing.types import Feature, Verdict
from huntaze.kernel import redis, sql
from huntaze.kernel.tenancy import cross_workspace

log = structlog.get_logger(__name__)

CHANGED = "billing:counted"
#: Counters outlive their month a little, so that the last minute reaches the database.
KEEP_S = 40 * 86_400
#: How many counters one run of the job writes down.
BATCH = 5_000

_COUNT = redis.script("""
local used = redis.call('GET', KEYS[1])
if not used and ARGV[3] == '' then
  return {-1, 0}
end
if not used then
  redis.call('SET', KEYS[1], ARGV[3], 'EX', ARGV[4])
  used = ARGV[3]
end
used = tonumber(used)
local quantity, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
if limit >= 0 and used + quantity > limit then
  return {0, used}
end
redis.call('SADD', KEYS[2], KEYS[1])
return {1, redis.call('INCRBY', KEYS[1], quantity)}
""")

_WRITE = """
INSERT INTO billing_usagecount (workspace_id, feature, period_start, used)
SELECT * FROM unnest(%(workspaces)s::bigint[], %(features)s::text[], %(starts)s::timestamptz[], %(used)s::bigint[])
    ON CONFLICT (workspace_id, feature, period_start)
    DO UPDATE SET used = greatest(billing_usagecount.used, excluded.used)
"""


def count(*, workspace_id: int, feature: Feature, now: datetime, quantity: int = 1) -> Verdict:
    """Count a use, unless the period's limit is reached. Without Redis it is allowed and not counted."""
    at = standing(workspace_id, now)
    limit = at.limits.get(feature, 0)
    key = key_of(workspace_id, feature, at.period_start)
    try:
        done, used = _run(key, quantity, limit, "")
        if done < 0:
            done, used = _run(key, quantity, limit, str(written(workspace_id, feature, at.period_start)))
    except RedisError:
        log.warning("billing.counters.redis_away")
        return Verdict(True, limit, None, None, at.period_end)
    left = None if limit is None else max(0, limit - used)
    return Verdict(bool(done), limit, used, left, at.period_end, "" if done else "limit")


def flush() -> int:
    """Write changed counters down; returns how many. What is counted meanwhile is marked again."""
    client = redis.client()
    popped: Any = client.spop(CHANGED, BATCH) or ()
    keys = [redis.text(key) for key in popped]
    if not keys:
        return 0
    values: Any = client.mget(keys)
    rows = [(key.split("|")[1:], int(value)) for key, value in zip(keys, values, strict=True) if value]
    with cross_workspace("counters"):
        sql.execute(
            _WRITE,
            {
                "workspaces": [int(names[0]) for names, _ in rows],
                "features": [names[1] for names, _ in rows],
                "starts": [datetime.fromisoformat(names[2]) for names, _ in rows],
                "used": [used for _, used in rows],
            },
        )
    return len(rows)


def _run(key: str, quantity: int, limit: int | None, seed: str) -> tuple[int, int]:
    args = [quantity, -1 if limit is None else limit, seed, KEEP_S]
    done, found = _COUNT(keys=[key, CHANGED], args=args)
    return int(done), int(found)
