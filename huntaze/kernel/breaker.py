"""Circuit breakers in Redis, shared by all processes: whether a service may be called right now.

A name is a service (`openai`, `onlyfans-api`) or a part of one after a colon (`onlyfans:<account>`). Services
are listed on the health page and measured; parts are too many for either (thousands of them, told in batches, are
`breaker_parts`). Time is Redis's own, keys expire
an hour after their last use. While Redis is away each process applies the same rules to what it sees itself.

    permit = breaker.allow("openai")
    if permit: ... breaker.record("openai", ok, latency_ms)
"""

import json
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import groupby
from threading import Lock

from redis.exceptions import RedisError

from huntaze.kernel import metrics, redis, tally
from huntaze.kernel.breaker_rules import BUCKET_MS, BUCKETS, Circuit, Limits, State

EXPIRES_MS = 3_600_000
_MAX_LOCAL = 10_000
_STATES = (State.CLOSED, State.OPEN, State.HALF_OPEN)

_CLOCK = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
"""

_ALLOW = redis.script(
    _CLOCK
    + """
local f = redis.call('HMGET', KEYS[1], 'open', 'until', 'probe')
if f[1] ~= '1' then return {0, 1, 0} end
local till, probe = tonumber(f[2]), tonumber(f[3])
if now < till then return {1, 0, till - now} end
if probe > now then return {2, 0, probe - now} end
redis.call('HSET', KEYS[1], 'probe', now + ARGV[1])
redis.call('HINCRBY', KEYS[1], 'probes', 1)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {2, 1, 0}
"""
)

_STATES_OF = redis.script(
    _CLOCK
    + """
local found = {}
for i, key in ipairs(KEYS) do
  local f = redis.call('HMGET', key, 'open', 'until')
  if f[1] ~= '1' then found[i] = 0 elseif now < tonumber(f[2]) then found[i] = 1 else found[i] = 2 end
end
return found
"""
)

#: The rules of one circuit, for scripts that got the limits as JSON in their first argument.
TAKE = (
    _CLOCK
    + """
local l = cjson.decode(ARGV[1])
local function open(key, ms, why)
  redis.call('HSET', key, 'open', 1, 'until', now + ms, 'open_ms', ms, 'changed', now)
  redis.call('HSET', key, 'probe', 0, 'reason', why)
end
local function lately(key, bucket)
  local calls, failed = 0, 0
  for i = 0, l.buckets - 1 do
    local b = redis.call('HMGET', key, 'b' .. i, 'n' .. i, 'f' .. i)
    if b[1] and tonumber(b[1]) > bucket - l.buckets then calls, failed = calls + b[2], failed + b[3] end
  end
  return calls, failed
end
local function count(key, ok, calls, bucket)
  local slot = bucket % l.buckets
  if redis.call('HGET', key, 'b' .. slot) ~= tostring(bucket) then
    redis.call('HSET', key, 'b' .. slot, bucket, 'n' .. slot, 0, 'f' .. slot, 0)
  end
  redis.call('HINCRBY', key, 'n' .. slot, calls)
  if not ok then redis.call('HINCRBY', key, 'f' .. slot, calls) end
end
local function take(key, ok, reason, calls, may_open)
  local f = redis.call('HMGET', key, 'open', 'until', 'open_ms', 'row', 'reason')
  if f[1] == '1' then
    if now < tonumber(f[2]) then return end
    if ok then
      redis.call('DEL', key)
      redis.call('HSET', key, 'open', 0, 'changed', now)
    else
      open(key, math.min(tonumber(f[3]) * 2, l.max_open_ms), reason ~= '' and reason or f[5])
    end
  else
    local row = ok and 0 or (tonumber(f[4]) or 0) + calls
    local bucket = math.floor(now / l.bucket_ms)
    count(key, ok, calls, bucket)
    redis.call('HSET', key, 'row', row)
    if not ok then
      local all, failed = lately(key, bucket)
      local many = all >= l.min_calls and failed * 100 >= all * l.failed_percent
      if reason ~= '' or (may_open and (row >= l.in_a_row or many)) then
        open(key, l.open_ms, reason ~= '' and reason or 'failures')
      end
    end
  end
  redis.call('PEXPIRE', key, l.expires_ms)
end
"""
)

# ARGV: limits, ok, reason, calls, how many parts must have failed lately before failures alone open it
_RECORD = redis.script(
    TAKE
    + """
local least = tonumber(ARGV[5])
local may_open = least <= 1 or redis.call('ZCOUNT', KEYS[1] .. ':parts', now - l.bucket_ms * l.buckets, '+inf') >= least
take(KEYS[1], ARGV[2] == '1', ARGV[3], tonumber(ARGV[4]), may_open)
return redis.call('HGET', KEYS[1], 'open') == '1' and 1 or 0
"""
)


def limits_json(limits: Limits) -> str:
    """The limits as the scripts take them."""
    more = {"expires_ms": EXPIRES_MS, "bucket_ms": BUCKET_MS, "buckets": BUCKETS}
    return json.dumps(asdict(limits) | more)


@dataclass(frozen=True)
class Permit:
    """Whether to call; true in a condition when allowed. `retry_after` in seconds is set when not."""

    allowed: bool
    state: State
    retry_after: float | None = None

    def __bool__(self) -> bool:
        return self.allowed


@dataclass(frozen=True)
class Snapshot:
    """What a breaker remembers. `changed_at` is None when it never left CLOSED in the last hour."""

    state: State
    failure_count: int
    changed_at: datetime | None
    reason: str | None
    probes: int


class Breakers:
    """A set of breakers under one key prefix and one set of limits."""

    def __init__(self, prefix: str = "brk", limits: Limits | None = None) -> None:
        self._prefix = prefix
        self._limits = limits or Limits()
        self._local: dict[str, Circuit] = {}
        self._announced: set[str] = set()
        self._lock = Lock()

    def allow(self, name: str) -> Permit:
        """May this caller go now? While half-open exactly one in the whole cluster may, as the probe."""
        try:
            code, allowed, wait = _ALLOW([self._key(name)], [self._limits.probe_ms, EXPIRES_MS])
            state, go = _STATES[code], bool(allowed)
        except (RedisError, OSError):
            with self._lock:
                state, go, wait = self._circuit(name).allow(_now_ms(), self._limits)
        return Permit(go, state, None if go else wait / 1000)

    def states(self, names: Iterable[str]) -> dict[str, State]:
        """The states of many breakers in one call. Takes no probe: ask `allow` for those HALF_OPEN."""
        wanted = list(dict.fromkeys(names))
        if not wanted:
            return {}
        try:
            codes = _STATES_OF([self._key(name) for name in wanted])
            return {name: _STATES[code] for name, code in zip(wanted, codes, strict=True)}
        except (RedisError, OSError):
            with self._lock:
                return {name: self._circuit(name).state(_now_ms()) for name in wanted}

    def record(self, name: str, ok: bool, latency_ms: float | None = None, *, reason: str = "") -> None:
        """Take in the result of a call. A failure with a reason (`quota`, `auth`) opens at once.

        A refusal that is the caller's own fault is a success of the service.
        """
        self._measure(name, ok, latency_ms)
        self._tell(name, ok, reason, 1, 1, self._limits)

    def record_all(
        self,
        name: str,
        results: Iterable[tuple[bool, float]],
        *,
        least_failing_parts: int = 1,
        limits: Limits | None = None,
    ) -> None:
        """Take in many calls, (ok, latency in ms) in the order in which they ended; a run of equal ones costs one
        round trip, so that a healthy service costs one for each batch.

        With `least_failing_parts` failures open it only when so many of its parts (see `breaker_parts`) have failed
        in the last minute: one part's own trouble is not the service's. `limits` stand in for this breaker's own.
        """
        for ok, run in groupby(results, key=lambda result: result[0]):
            calls = list(run)
            for _, latency_ms in calls:
                self._measure(name, ok, latency_ms)
            self._tell(name, ok, "", len(calls), least_failing_parts, limits or self._limits)

    def _tell(
        self, name: str, ok: bool, reason: str, calls: int, least_failing_parts: int, limits: Limits
    ) -> None:
        values = [limits_json(limits), int(ok), reason, calls, least_failing_parts]
        try:
            _RECORD([self._key(name)], values)
        except (RedisError, OSError):
            with self._lock:
                for _ in range(calls):
                    self._circuit(name).record(ok, reason, _now_ms(), limits)

    def snapshot(self, name: str) -> Snapshot:
        """What is remembered now. Raises RedisError."""
        row = {redis.text(k): redis.text(v) for k, v in redis.client().hgetall(self._key(name)).items()}
        (state,) = self.states([name]).values()
        changed = int(row.get("changed", 0))
        return Snapshot(
            state=state,
            failure_count=int(row.get("row", 0)),
            changed_at=datetime.fromtimestamp(changed / 1000, UTC) if changed else None,
            reason=row.get("reason") or None,
            probes=int(row.get("probes", 0)),
        )

    def services(self) -> list[str]:
        """Names without a colon that have been used. Raises RedisError."""
        return sorted(redis.text(name) for name in redis.client().smembers(f"{self._prefix}:services"))

    def _measure(self, name: str, ok: bool, latency_ms: float | None) -> None:
        service, _, part = name.partition(":")
        if not ok:
            metrics.CIRCUIT_BREAKER_FAILURES.labels(service).inc()
        if part:
            return
        tally.add(f"brk.{name}.{'ok' if ok else 'failed'}")
        if latency_ms is not None:
            tally.observe(f"brk.{name}", latency_ms)
        if name not in self._announced:
            try:
                redis.client().sadd(f"{self._prefix}:services", name)
                self._announced.add(name)
            except (RedisError, OSError):
                return

    def _key(self, name: str) -> str:
        return f"{self._prefix}:{{{name}}}"

    def _circuit(self, name: str) -> Circuit:
        if len(self._local) >= _MAX_LOCAL and name not in self._local:
            self._local.clear()
        return self._local.setdefault(name, Circuit())


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


_default = Breakers()
allow = _default.allow
states = _default.states
record = _default.record
record_all = _default.record_all
snapshot = _default.snapshot
services = _default.services
