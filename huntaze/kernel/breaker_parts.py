"""Circuit breakers of the many parts of a service (its accounts), told and asked in batches.

The rules are those of `breaker`. A part without a recent failure has no key and costs nothing: its successes are not
recorded, so that "half of at least ten calls" counts from its first failure on. Which parts have failed lately stands
in one sorted set beside them, by the time of the last failure; all keys of a service share one slot.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from huntaze.kernel import redis
from huntaze.kernel.breaker import TAKE, limits_json
from huntaze.kernel.breaker_rules import Limits, State

#: While another process has the probe in flight, ask again after this long.
PROBING_SECONDS = 1.0

# ARGV: limits, [[part, ok, calls]]. Answers [part, ms for which it stays open] of those that are open now.
_TELL = redis.script(
    TAKE
    + """
local parts, answer = KEYS[1] .. ':parts', {}
for _, item in ipairs(cjson.decode(ARGV[2])) do
  local part, ok, calls = string.format('%d', item[1]), item[2], item[3]
  local key = KEYS[1] .. ':' .. part
  if not ok then
    take(key, false, '', calls, true)
    redis.call('ZADD', parts, now, part)
  elseif redis.call('EXISTS', key) == 1 then
    take(key, true, '', calls, true)
    local f = redis.call('HMGET', key, 'open')
    local _, failed = lately(key, math.floor(now / l.bucket_ms))
    if f[1] ~= '1' and failed == 0 then
      redis.call('DEL', key)
      redis.call('ZREM', parts, part)
    end
  end
  local f = redis.call('HMGET', key, 'open', 'until')
  if f[1] == '1' and tonumber(f[2]) > now then answer[#answer + 1] = {item[1], tonumber(f[2]) - now} end
end
redis.call('ZREMRANGEBYSCORE', parts, '-inf', now - l.expires_ms)
redis.call('PEXPIRE', parts, l.expires_ms)
return answer
"""
)

# ARGV: limits, [part], 1 to take the probe of those that are half open. Answers [part, state, ms to wait].
_ASK = redis.script(
    TAKE
    + """
local parts, answer = KEYS[1] .. ':parts', {}
if redis.call('EXISTS', parts) == 0 then return answer end
for _, item in ipairs(cjson.decode(ARGV[2])) do
  local part = string.format('%d', item)
  local key = KEYS[1] .. ':' .. part
  local f = redis.call('ZSCORE', parts, part) and redis.call('HMGET', key, 'open', 'until', 'probe') or {}
  if f[1] == '1' then
    local till, probe = tonumber(f[2]), tonumber(f[3])
    if now < till then
      answer[#answer + 1] = {item, 1, till - now}
    elseif probe > now then
      answer[#answer + 1] = {item, 2, probe - now}
    else
      if ARGV[3] == '1' then
        redis.call('HSET', key, 'probe', now + l.probe_ms)
        redis.call('HINCRBY', key, 'probes', 1)
        redis.call('PEXPIRE', key, l.expires_ms)
      end
      answer[#answer + 1] = {item, 2, 0}
    end
  end
end
return answer
"""
)

_OPEN = redis.script(
    TAKE
    + """
local found = {}
for _, part in ipairs(redis.call('ZRANGE', KEYS[1] .. ':parts', 0, -1)) do
  if redis.call('HGET', KEYS[1] .. ':' .. part, 'open') == '1' then found[#found + 1] = tonumber(part) end
end
return found
"""
)

_UNUSED = redis.script(
    """
for _, part in ipairs(cjson.decode(ARGV[1])) do
  local key = KEYS[1] .. ':' .. string.format('%d', part)
  if redis.call('EXISTS', key) == 1 then redis.call('HSET', key, 'probe', 0) end
end
return 1
"""
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an open or half-open part's breaker says; `wait` is seconds, 0 for whoever may probe."""

    state: State
    wait: float

    @property
    def may_probe(self) -> bool:
        return self.state is State.HALF_OPEN and self.wait <= 0


class Parts:
    """The parts (integer keys) of one service. Redis errors pass through."""

    def __init__(self, service: str, prefix: str = "brk", limits: Limits | None = None) -> None:
        self._key = f"{prefix}:{{{service}}}"
        self._limits = limits_json(limits or Limits())

    def tell(self, results: Iterable[tuple[int, bool]]) -> dict[int, float]:
        """Take in (part, ok) in the order in which the calls ended; returns the parts that are open now and for how
        many more seconds. Successes of a part without a recent failure change nothing and may be left out."""
        items: list[tuple[int, bool, int]] = []
        for part, ok in results:
            if items and items[-1][:2] == (part, ok):
                items[-1] = (part, ok, items[-1][2] + 1)
            else:
                items.append((part, ok, 1))
        if not items:
            return {}
        answer = _TELL([self._key], [self._limits, json.dumps(items)])
        return {int(part): ms / 1000 for part, ms in answer}

    def verdicts(self, parts: Sequence[int]) -> dict[int, Verdict]:
        """Of those that are not closed. Takes no probe."""
        return self._ask(parts, False)

    def admit(self, parts: Sequence[int]) -> dict[int, Verdict]:
        """As `verdicts`; the caller has the probe of those that may probe, and either tells what came of it or gives
        it back by `unused`."""
        return self._ask(parts, True)

    def unused(self, parts: Sequence[int]) -> None:
        """Nothing was tried: the next one may probe."""
        if parts:
            _UNUSED([self._key], [json.dumps(list(parts))])

    def has_trouble(self) -> bool:
        """Whether any part has failed lately."""
        return bool(redis.client().exists(f"{self._key}:parts"))

    def not_closed(self) -> list[int]:
        """Every part whose breaker is open or half open."""
        return [int(part) for part in _OPEN([self._key], [self._limits])]

    def _ask(self, parts: Sequence[int], takes_probe: bool) -> dict[int, Verdict]:
        if not parts:
            return {}
        answer = _ASK([self._key], [self._limits, json.dumps(list(parts)), int(takes_probe)])
        states = (State.CLOSED, State.OPEN, State.HALF_OPEN)
        return {int(part): Verdict(states[state], ms / 1000) for part, state, ms in answer}
