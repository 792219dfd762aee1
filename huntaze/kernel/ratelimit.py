"""Request limits: a sliding log in Redis, exact across all processes.

At most `limit` requests are let through in any window of `window` seconds. Redis' clock is the only clock.
"""

import math
import os
import time
from collections import defaultdict, deque
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock

import redis as redis_client
import structlog

from huntaze.kernel import redis

log = structlog.get_logger(__name__)

#: Begins the token of what a process counted by itself.
_OWN = "own:"

_TAKE = redis.script("""
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
local window, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ms - window)
local used = redis.call('ZCARD', KEYS[1])
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2] or ms
local granted = 0
if used < limit then
  granted = 1
  used = used + 1
  redis.call('ZADD', KEYS[1], ms, ARGV[3])
  redis.call('PEXPIRE', KEYS[1], window)
end
return {granted, used, tonumber(oldest) + window - ms, ms}
""")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reset_after` is how many seconds until one more request fits (or the oldest leaves the window)."""

    allowed: bool
    limit: int
    remaining: int
    reset_after: float
    reset_at: datetime
    token: str = ""


def take(key: str, *, limit: int, window: float = 60.0) -> Verdict:
    """Count one request against `key`; never raises.

    When Redis is away each process lets a tenth of the limit through on its own count: slow, but not shut.
    """
    member = f"{time.time_ns()}:{os.urandom(6).hex()}"
    try:
        answer = _TAKE(keys=[f"rl:{key}"], args=[int(window * 1000), limit, member])
    except redis_client.RedisError:
        log.warning("ratelimit.redis.away")
        return _alone(key, limit, window)
    granted, used, wait_ms, now_ms = (int(value) for value in answer)
    return Verdict(
        allowed=bool(granted),
        limit=limit,
        remaining=max(0, limit - used),
        reset_after=max(0.0, wait_ms / 1000),
        reset_at=datetime.fromtimestamp((now_ms + max(0, wait_ms)) / 1000, UTC),
        token=member,
    )


_own_counts: defaultdict[str, deque[float]] = defaultdict(deque)
_own_lock = Lock()


def _alone(key: str, limit: int, window: float) -> Verdict:
    limit = max(1, limit // 10)
    with _own_lock:
        log_, now = _own_counts[key], time.monotonic()
        while log_ and log_[0] <= now - window:
            log_.popleft()
        allowed = len(log_) < limit
        if allowed:
            log_.append(now)
        wait, remaining = log_[0] + window - now, limit - len(log_)
        if len(_own_counts) > 10_000:
            _own_counts.clear()
    reset_at = datetime.fromtimestamp(time.time() + wait, UTC)
    return Verdict(allowed, limit, remaining, wait, reset_at, token=f"{_OWN}{now}" if allowed else "")


def retry_after(verdict: Verdict) -> int:
    """Whole seconds for a `Retry-After` header, at least 1."""
    return max(1, math.ceil(verdict.reset_after))


def give_back(key: str, verdict: Verdict) -> None:
    """Uncount one request, for limits that only count failures; Redis being away is no error."""
    if verdict.token.startswith(_OWN):
        with _own_lock, suppress(ValueError):  # it may have left the window meanwhile
            _own_counts[key].remove(float(verdict.token.removeprefix(_OWN)))
        return
    try:
        redis.client().zrem(f"rl:{key}", verdict.token)
    except redis_client.RedisError:
        log.warning("ratelimit.redis.away")


def clear(key: str) -> None:
    """Forget what was counted against `key`; Redis being away is no error."""
    try:
        redis.client().delete(f"rl:{key}")
    except redis_client.RedisError:
        log.warning("ratelimit.redis.away")
    with _own_lock:
        _own_counts.pop(key, None)
