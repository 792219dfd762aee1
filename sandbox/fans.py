"""Owns the simulated fans of the demo: they read, answer, buy, tip, renew and leave by themselves.

Each creator's message wakes its fan once; whether, when and what follows is drawn from the stream of
(seed, account, fan, message), so the same sends meet the same fans. Times shrink by the clock's speed.
"""

import asyncio
import heapq
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from . import deeds
from .draws import chance, stream
from .phrases import AWKWARD_LINES, FAN_LINES, TIP_NOTES
from .state import Sandbox
from .world import Account, Fan, Message

TICK_SECONDS = 0.25
REPLY_MEDIAN = 240.0
BUY_STEEPNESS = 0.35
CHARGEBACK_RATE = 0.004
IDLE_SECONDS = 900.0

Action = Callable[[], object]


class Traits:
    """What a fan is like; drawn once from the seed, never stored."""

    def __init__(self, seed: int, account: Account, fan: Fan) -> None:
        draw = stream(seed, account.index, fan.id, "traits")
        self.zone = draw.choice((-8, -5, -5, 0, 1, 1, 1, 2))
        self.wakes = draw.choice((6, 7, 8, 9))
        self.awake_hours = draw.choice((15, 16, 17, 18))
        self.reply_rate = draw.betavariate(4, 2.5)
        self.willing_dollars = draw.lognormvariate(2.3, 0.6)
        self.tip_rate = draw.betavariate(1, 18)
        self.patience = draw.randint(6, 30)

    def seconds_until_awake(self, now: float) -> float:
        local = datetime.fromtimestamp(now, UTC) + timedelta(hours=self.zone)
        since = (local.hour + local.minute / 60 - self.wakes) % 24
        return 0.0 if since < self.awake_hours else (24 - since) * 3600


class Simulator:
    """A queue of what fans are about to do, worked off in its own task."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.forget()

    def forget(self) -> None:
        """Nobody plans anything; messages that are already there are old news."""
        self._queue: list[tuple[float, int, Action]] = []
        self._number = 0
        self._seen: dict[str, int] = {}
        self._unpaid: dict[tuple[str, int], int] = {}
        self._idle_rounds = 0
        self._next_idle = 0.0
        for account in self.sandbox.world.accounts.values():
            self._seen[account.id] = account.counters.get("message", 0)

    async def run(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            if self.sandbox.settings.simulator:
                self.step()
            else:
                self.forget()

    def step(self) -> None:
        """Notices new messages, then does everything that is due."""
        now = self.sandbox.clock.now()
        for account in list(self.sandbox.world.accounts.values()):
            self._notice(account)
        if now >= self._next_idle:
            self._idle(now)
        while self._queue and self._queue[0][0] <= now:
            _, _, action = heapq.heappop(self._queue)
            try:
                action()
            except deeds.Impossible:
                continue  # the moment has passed: bought or expired meanwhile

    def _notice(self, account: Account) -> None:
        from_number = self._seen.get(account.id, 0)
        newest = account.counters.get("message", 0)
        self._seen[account.id] = newest
        if newest == from_number:
            return
        for message in self.sandbox.world.newest(account, newest - from_number):
            if message.from_creator:
                self._wake(account, message)

    def _plan(self, seconds: float, action: Action) -> None:
        """`seconds` of a fan's life; real time is shorter by the clock's speed."""
        self._number += 1
        at = self.sandbox.clock.now() + seconds / self.sandbox.clock.speed
        heapq.heappush(self._queue, (at, self._number, action))

    # one message ---------------------------------------------------------------------------------

    def _wake(self, account: Account, message: Message) -> None:
        sandbox, fan = self.sandbox, self.sandbox.world.fan(account, message.fan_id)
        if fan is None or fan.blocked:
            return
        traits = Traits(sandbox.seed, account, fan)
        draw = stream(sandbox.seed, account.index, fan.id, message.id, "life")
        delay = traits.seconds_until_awake(sandbox.clock.now()) + draw.lognormvariate(
            math.log(REPLY_MEDIAN), 0.9
        )
        if self._too_much(account, fan, traits):
            self._plan(delay, lambda: deeds.opt_out(sandbox, account, fan))
            return
        dollars = message.price / 100
        if dollars and draw.random() < 1 / (1 + math.exp(BUY_STEEPNESS * (dollars - traits.willing_dollars))):
            self._plan(delay, lambda: self._buy(account, fan, message.id))
        if draw.random() < traits.reply_rate:
            awkward = draw.random() < sandbox.settings.awkward_rate
            line = draw.choice((AWKWARD_LINES if awkward else FAN_LINES)[fan.language])
            self._plan(max(0.0, delay - 8), lambda: deeds.type_(sandbox, account, fan))
            self._plan(delay + 4, lambda: self._say(account, fan, line))
        if draw.random() < traits.tip_rate:
            cents = draw.choice((500, 500, 1000, 1500, 2000))
            note = draw.choice(TIP_NOTES[fan.language])
            self._plan(delay + 20, lambda: deeds.tip(sandbox, account, fan, cents, note))

    def _too_much(self, account: Account, fan: Fan, traits: Traits) -> bool:
        """Counts the creator's messages since the fan last wrote; patience ends once."""
        key = (account.id, fan.id)
        self._unpaid[key] = self._unpaid.get(key, 0) + 1
        return self._unpaid[key] == traits.patience

    def _say(self, account: Account, fan: Fan, line: str) -> None:
        self._unpaid.pop((account.id, fan.id), None)
        deeds.say(self.sandbox, account, fan, line)

    def _buy(self, account: Account, fan: Fan, message_id: int) -> None:
        row = deeds.buy(self.sandbox, account, fan, message_id)
        if chance(self.sandbox.seed, row.id, "chargeback") < CHARGEBACK_RATE:
            self._plan(86_400, lambda: deeds.chargeback(self.sandbox, account, fan, row.id))

    # unprompted ----------------------------------------------------------------------------------

    def _idle(self, now: float) -> None:
        """Now and then a fan writes first, or a subscription renews or ends."""
        sandbox = self.sandbox
        self._idle_rounds += 1
        self._next_idle = now + IDLE_SECONDS / sandbox.clock.speed
        for account in list(sandbox.world.accounts.values()):
            fans = sandbox.world.fans(account)
            if not fans or account.state != "connected":
                continue
            draw = stream(sandbox.seed, account.index, "idle", self._idle_rounds)
            writer = draw.choice(fans)
            if writer.expires_at > now and not Traits(sandbox.seed, account, writer).seconds_until_awake(now):
                self._say(account, writer, draw.choice(FAN_LINES[writer.language]))
            for fan in fans:
                if 0 < now - fan.expires_at < 60 and fan.auto_renew:
                    deeds.renew(sandbox, account, fan)
