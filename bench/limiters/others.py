"""The limiters that are usually written, each as one Lua script: may this account send now, and if not, how long?

All of them date a message by the moment at which they grant it.
"""

import heapq
import time
from typing import Any
from uuid import uuid4

from bench.limiters.drive import Arrivals, Load
from huntaze.kernel import redis

# ARGV: prefix, count, window in ms, then accounts. Answers one number an account: 0 granted, else ms to wait.
_HEAD = """
local p, L, W = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local t = redis.call('TIME')
local now = t[1] * 1000 + t[2] / 1000
local answers = {}
for i = 4, #ARGV do
  local key, wait = p .. ARGV[i], 0
"""
_TAIL = """
  answers[#answers + 1] = math.ceil(wait)
end
return answers
"""
_FIXED_WINDOW = """
  local used = redis.call('INCR', key)
  if used == 1 then redis.call('PEXPIRE', key, W) end
  if used > L then wait = math.max(1, redis.call('PTTL', key)) end
"""
# `burst` messages may go at once, then one each W/L.
_GCRA = """
  local step, burst = W / L, {burst}
  local tat = math.max(tonumber(redis.call('GET', key) or 0), now)
  if tat - now > step * (burst - 1) then wait = tat - now - step * (burst - 1)
  else redis.call('SET', key, string.format('%.3f', tat + step), 'PX', W * 2) end
"""
_ONE_PHASE_LOG = """
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - W)
  if redis.call('ZCARD', key) >= L then
    wait = tonumber(redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2]) + W - now
  else
    redis.call('ZADD', key, string.format('%.3f', now), redis.call('INCR', p .. 'n'))
    redis.call('PEXPIRE', key, W * 2)
  end
"""
ALGORITHMS = {
    "fixed_window": _FIXED_WINDOW,
    "gcra_burst": _GCRA.replace("{burst}", "L"),
    "gcra_spaced": _GCRA.replace("{burst}", "1"),
    "one_phase_log": _ONE_PHASE_LOG,
}
BATCH = 200


def run(name: str, load: Load) -> dict[str, Any]:
    """Ask for each account as soon as it may send again; an account has any number of requests in flight."""
    script = redis.script(_HEAD + ALGORITHMS[name] + _TAIL)
    settings = (f"bench:{uuid4().hex[:8]}:", load.count, int(load.window * 1000))
    arrivals = Arrivals()
    started = time.monotonic()
    waiting = [(started, account) for account in range(1, load.accounts + 1)]
    while (now := time.monotonic()) < started + load.seconds:
        asked = []
        while waiting and waiting[0][0] <= now and len(asked) < BATCH:
            asked.append(heapq.heappop(waiting)[1])
        if not asked:
            time.sleep(0.002)
            continue
        answers = script(args=[*settings, *asked])
        granted_at = time.monotonic()
        for account, wait in zip(asked, answers, strict=True):
            if wait == 0:
                arrivals.add(account, granted_at + load.way())
            heapq.heappush(waiting, (granted_at + wait / 1000, account))
    return arrivals.verdict(load)
