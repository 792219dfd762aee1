"""The send limiter: a sliding log that counts as the far side counts, in two phases.

A slot is reserved at the grant and dated in the future (now + lease) for as long as the request is in flight; when the
answer has come it is dated by that time and leaves the window W later. A request that never went on the wire gives
its slot back; a slot whose owner died counts until its lease ends plus W. So no window of W seconds ever holds more
than L arrivals, whatever the network's latency does. Redis' clock is the only clock.

Two lanes share an account's slots: `interactive` takes any free slot at once; `bulk` is paced one slot each W/L on a
virtual schedule that also counts what interactive used, so that a backlog always leaves room for a reply.

The log lives as long as one run of the Redis process: `epoch` holds the run id under which it was (re)built, and
nothing is granted under another one. `rebuild` makes it again from the rows of record.
"""

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import uuid4

from huntaze.kernel import redis

PREFIX = "send:"
#: How long a rebuild waits before it reads the rows, so that grants given under the lost log have been claimed.
SETTLE_SECONDS = 1.0
#: A grant not claimed within this time must be given back instead.
CLAIM_WITHIN_SECONDS = 0.5


class Lane(StrEnum):
    INTERACTIVE = "interactive"
    BULK = "bulk"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` in any `window` seconds; a slot in flight is held for `lease` seconds."""

    count: int
    window: float
    lease: float


@dataclass(frozen=True, slots=True)
class Grant:
    """Slots given to one account in one lane. `sequence` identifies the wish they answer."""

    account: int
    lane: Lane
    sequence: int
    slots: tuple[str, ...]


@dataclass(slots=True)
class News:
    """What a sender has learnt since its last tick."""

    #: (account, slot, delivery, ms since then): the answer has come.
    dated: list[tuple[int, str, int, int]] = field(default_factory=list)
    #: (account, slot, delivery or 0): nothing went on the wire.
    returned: list[tuple[int, str, int]] = field(default_factory=list)
    #: (account, lane, sequence): there was nothing to send. While the account has requests in flight the wish stays,
    #: because what waits may be waiting for one of their answers.
    idle: list[tuple[int, str, int]] = field(default_factory=list)
    #: (account, seconds): the far side told us to wait; a longer wait that was told before stands.
    held: list[tuple[int, float]] = field(default_factory=list)
    #: Seconds for which nobody may go, because the far side has had enough of all of us; the longest wait stands.
    held_all: float = 0.0


@dataclass(frozen=True, slots=True)
class Outlook:
    """An account's slots as durations from now, in seconds: when each held slot leaves the window, ascending."""

    releases: tuple[float, ...]
    held_for: float
    paced_for: float


class LogLost(RuntimeError):
    """Redis lost the log or was restarted: rebuild before anything moves. `run_id` is the new process' id."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        super().__init__("the limiter's log must be rebuilt")


_COMMON = """
local p, a = ARGV[1], cjson.decode(ARGV[2])
local W, L, lease = a.window, a.count, a.lease
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function slots(account) return p .. 'slots:' .. string.format('%d', account) end
local function ready(lane) return p .. 'ready:' .. lane end
local function name(account) return string.format('%d', account) end
local function prune(account) redis.call('ZREMRANGEBYSCORE', slots(account), '-inf', now - W) end
local function hold(account) return tonumber(redis.call('GET', p .. 'hold:' .. name(account)) or 0) end
local function hold_all() return tonumber(redis.call('GET', p .. 'hold') or 0) end
local function pace(account) return tonumber(redis.call('GET', p .. 'pace:' .. name(account)) or 0) end
local function free_at(account)
  local at = now
  if redis.call('ZCARD', slots(account)) >= L then
    local full = redis.call('ZRANGE', slots(account), -L, -L, 'WITHSCORES')
    at = tonumber(full[2]) + W
  end
  return math.max(at, hold(account))
end
local function due(account, lane)
  if lane == 'bulk' then return math.max(free_at(account), pace(account)) end
  return free_at(account)
end
local function reschedule(account)
  for _, lane in ipairs({'interactive', 'bulk'}) do
    redis.call('ZADD', ready(lane), 'XX', due(account, lane), name(account))
  end
end
local function wish(account, lane)
  redis.call('HSET', p .. 'wishes:' .. lane, name(account), redis.call('INCR', p .. 'sequence'))
  redis.call('ZADD', ready(lane), due(account, lane), name(account))
end
local function in_epoch()
  local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
  return redis.call('GET', p .. 'epoch') == run, run
end
"""

_TICK = redis.script(
    _COMMON
    + """
local valid, run = in_epoch()
if not valid then return {'lost', run} end
if a.slots > 0 then redis.call('DEL', p .. 'nudge') end
local step = W / L
local function spend(account)
  local from = pace(account)
  if from < now - step then from = now end
  redis.call('SET', p .. 'pace:' .. name(account), from + step, 'PX', math.ceil(W * 2))
end
local touched = {}
for _, item in ipairs(a.dated) do
  redis.call('ZREM', slots(item[1]), 'flight:' .. name(item[3]))
  redis.call('ZADD', slots(item[1]), now - item[4], item[2])
  redis.call('PEXPIRE', slots(item[1]), W + lease)
  if string.find(item[2], ':interactive:', 1, true) then spend(item[1]) end
  touched[item[1]] = true
end
for _, item in ipairs(a.returned) do
  redis.call('ZREM', slots(item[1]), item[2], 'flight:' .. name(item[3]))
  touched[item[1]] = true
end
for _, item in ipairs(a.held) do
  local till = math.max(hold(item[1]), now + item[2])
  redis.call('SET', p .. 'hold:' .. name(item[1]), till, 'PX', till - now + 1000)
  touched[item[1]] = true
end
local everybody = hold_all()
if now + a.held_all > math.max(everybody, now) then
  everybody = now + a.held_all
  redis.call('SET', p .. 'hold', everybody, 'PX', a.held_all + 1000)
end
for account in pairs(touched) do
  prune(account)
  reschedule(account)
end
for _, item in ipairs(a.idle) do
  local wished = redis.call('HGET', p .. 'wishes:' .. item[2], name(item[1]))
  if wished and tonumber(wished) == item[3] then
    if redis.call('ZCOUNT', slots(item[1]), '(' .. now, '+inf') > 0 then
      redis.call('ZADD', ready(item[2]), 'XX', now + 250, name(item[1]))
    else
      redis.call('HDEL', p .. 'wishes:' .. item[2], name(item[1]))
      redis.call('ZREM', ready(item[2]), name(item[1]))
    end
  end
end
local grants, left = {}, everybody > now and 0 or a.slots
for _, lane in ipairs({'interactive', 'bulk'}) do
  local accounts = redis.call('ZRANGEBYSCORE', ready(lane), '-inf', now, 'LIMIT', 0, math.min(a.most, left))
  for _, member in ipairs(accounts) do
    if left <= 0 then break end
    local account = tonumber(member)
    prune(account)
    if due(account, lane) <= now then
      local free = math.min(L - redis.call('ZCARD', slots(account)), a.burst, left)
      local count = lane == 'bulk' and 1 or free
      left = left - count
      local names = {}
      for i = 1, count do
        local slot = a.tick .. ':' .. member .. ':' .. lane .. ':' .. i
        redis.call('ZADD', slots(account), now + lease, slot)
        names[i] = slot
      end
      redis.call('PEXPIRE', slots(account), W + lease * 2)
      if lane == 'bulk' then spend(account) end
      grants[#grants + 1] = {member, lane, redis.call('HGET', p .. 'wishes:' .. lane, member) or '0', names}
    end
    redis.call('ZADD', ready(lane), 'XX', due(account, lane), member)
  end
end
return {'grants', grants}
"""
)

_POKE = redis.script(
    _COMMON
    + """
for _, item in ipairs(a.wishes) do
  prune(item[1])
  wish(item[1], item[2])
end
redis.call('LPUSH', p .. 'nudge', 1)
redis.call('LTRIM', p .. 'nudge', 0, 0)
return 1
"""
)

_PEEK = redis.script(
    _COMMON
    + """
local seen = {}
for index, account in ipairs(a.accounts) do
  local releases = {}
  local held = redis.call('ZRANGE', slots(account), 0, -1, 'WITHSCORES')
  for i = 2, #held, 2 do
    local at = math.min(tonumber(held[i]), now)
    if at + W > now then releases[#releases + 1] = math.floor(at + W - now) end
  end
  local wait = math.max(0, math.max(hold(account), hold_all()) - now)
  seen[index] = {releases, wait, math.max(0, math.floor(pace(account) - now))}
end
return seen
"""
)

_WAIT = redis.script(
    _COMMON
    + """
local till = hold_all()
if now + a.more > math.max(till, now) then
  till = now + a.more
  redis.call('SET', p .. 'hold', till, 'PX', a.more + 1000)
end
return math.max(0, till - now)
"""
)

_REBUILD = redis.script(
    _COMMON
    + """
local _, run = in_epoch()
if run ~= a.run then return 0 end
for i, item in ipairs(a.slots) do
  local member = item[3] < 0 and 'flight:' .. name(item[2]) or 'answered:' .. name(item[2]) .. ':' .. i
  redis.call('ZADD', slots(item[1]), now - item[3], member)
  redis.call('PEXPIRE', slots(item[1]), W + lease * 2)
end
for _, item in ipairs(a.wishes) do wish(item[1], item[2]) end
redis.call('SET', p .. 'epoch', run)
return 1
"""
)


class Limiter:
    """One limit over many accounts (integer keys). Every method is one round trip; Redis errors pass through."""

    def __init__(self, limit: Limit, prefix: str = PREFIX) -> None:
        self.limit = limit
        self._prefix = prefix

    def _run(self, script: redis.LuaScript, **values: Any) -> Any:
        settings = {
            "count": self.limit.count,
            "window": int(self.limit.window * 1000),
            "lease": int(self.limit.lease * 1000),
        }
        return script(keys=[], args=[self._prefix, json.dumps(settings | values)])

    def tick(
        self, news: News, *, most: int = 500, slots: int = 10_000, burst: int | None = None
    ) -> list[Grant]:
        """Tell what is known, get slots for up to `most` accounts in each lane; raises LogLost.

        At most `slots` are granted in all, and at most `burst` to one account in the interactive lane (default: all
        that are free).
        """
        kind, answer = self._run(
            _TICK,
            tick=uuid4().hex[:16],
            most=most,
            slots=slots,
            burst=burst or self.limit.count,
            dated=news.dated,
            returned=news.returned,
            idle=news.idle,
            held=[(account, int(seconds * 1000)) for account, seconds in news.held],
            held_all=int(news.held_all * 1000),
        )
        if kind == b"lost":
            raise LogLost(answer.decode())
        return [
            Grant(int(account), Lane(lane.decode()), int(sequence), tuple(slot.decode() for slot in slots))
            for account, lane, sequence, slots in answer
        ]

    def poke(self, wishes: Iterable[tuple[int, Lane]]) -> None:
        """These accounts have something to send in these lanes."""
        wanted = sorted({(account, str(lane)) for account, lane in wishes})
        if wanted:
            self._run(_POKE, wishes=wanted)

    def await_poke(self, seconds: float) -> bool:
        """Sleep until some account has something new to send, at most `seconds`; one sleeper wakes for each poke."""
        # Nothing at all would mean for ever, and older servers round down to whole milliseconds.
        return redis.client().blpop([f"{self._prefix}nudge"], timeout=max(seconds, 0.002)) is not None

    def peek(self, account: int) -> Outlook:
        """When the account's slots come free; a request in flight is taken to end now."""
        return self.peeks([account])[0]

    def peeks(self, accounts: Sequence[int]) -> list[Outlook]:
        """`peek` of many accounts, in their order."""
        return [
            Outlook(tuple(sorted(int(ms) / 1000 for ms in releases)), int(held) / 1000, int(paced) / 1000)
            for releases, held, paced in self._run(_PEEK, accounts=list(accounts))
        ]

    def wait_of_all(self, *, more: float = 0.0) -> float:
        """Seconds for which nobody may go, at least `more` from now: the longest wait that was told stands."""
        return int(self._run(_WAIT, more=int(more * 1000))) / 1000

    def may_rebuild(self, run_id: str) -> bool:
        """True for the one caller who shall rebuild under this run id."""
        return bool(redis.client().set(f"{self._prefix}rebuild:{run_id}", 1, nx=True, ex=10))

    def wait_for_claims(self) -> None:
        """Let grants given under the lost log be claimed before the rows are read."""
        time.sleep(SETTLE_SECONDS)

    def rebuild(
        self, run_id: str, slots: Sequence[tuple[int, int, int]], wishes: Iterable[tuple[int, Lane]]
    ) -> bool:
        """Write the log anew: `slots` are (account, delivery, age in ms, negative while in flight); a delivery has one
        for each of its answers.

        False when Redis was restarted once more meanwhile.
        """
        wanted = sorted({(account, str(lane)) for account, lane in wishes})
        return bool(self._run(_REBUILD, run=run_id, slots=list(slots), wishes=wanted))
