"""The pump: tick, claim, put on the wire, settle, until its time is over or its worker goes down.

Several pumps run at once, on as many machines as wanted; the limiter's tick and SKIP LOCKED share the work. Database
and Redis are spoken to from one thread of their own, the wire from the event loop, so neither waits for the other.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection
from redis.exceptions import RedisError

from huntaze.kernel.limiter import LogLost
from huntaze.kernel.outbox import assert_no_transaction
from huntaze.kernel.tenancy import cross_workspace
from messaging.services import limits
from messaging.services.sending.gate import Gate
from messaging.services.sending.intake import Intake
from messaging.services.sending.landing import Landing
from messaging.services.sending.slots import Slots
from messaging.services.sending.wire import MOST_IN_FLIGHT, Done, Job, Wire

log = structlog.get_logger(__name__)

#: A pump looks again after this long when nobody has told it of something new.
TICK_SECONDS = 0.1
#: Between two looks: what is told or answered meanwhile is taken together.
PAUSE_SECONDS = 0.015
#: How long the event loop keeps the interpreter while the stores' thread waits for it; Python's own 5 ms, paid with
#: every answer of a store, would be most of a step.
SWITCH_SECONDS = 0.001
TROUBLE_SECONDS = 0.5
#: Slots asked for with one look: a larger batch would arrive as a burst that waits for itself.
MOST_AT_ONCE = 150


class Pump:
    """One sender. `run` ends after `seconds`, or soon after `is_stopping()` turns true, with nothing in flight."""

    def __init__(self, *, seconds: float, is_stopping: Callable[[], bool]) -> None:
        self._ends_at = time.monotonic() + seconds
        self._is_stopping = is_stopping
        self._done: list[Done] = []
        self._slots = Slots()
        gate = Gate(self._slots)
        self._intake = Intake(self._slots, gate, self._done)
        self._landing = Landing(self._slots, gate, self._done)

    @property
    def sent(self) -> int:
        return self._landing.sent

    async def run(self) -> int:
        """Returns how many messages this pump sent."""
        sys.setswitchinterval(SWITCH_SECONDS)
        with ThreadPoolExecutor(1, thread_name_prefix="pump") as thread:
            async with Wire.open(self._done) as wire:
                await asyncio.get_running_loop().run_in_executor(thread, self._drive, wire)
        return self.sent

    def _drive(self, wire: Wire) -> None:
        """Step after step, in the stores' thread; the event loop has the wire meanwhile."""
        try:
            while True:
                rest_until = time.monotonic() + TICK_SECONDS
                is_ending = self._is_stopping() or rest_until >= self._ends_at
                in_flight = wire.in_flight
                if is_ending and not in_flight and not self._done:
                    break
                room = 0 if is_ending else min(MOST_AT_ONCE, MOST_IN_FLIGHT - in_flight)
                jobs = self._step(room)
                if jobs:
                    wire.put(jobs)
                time.sleep(PAUSE_SECONDS if jobs is not None else TROUBLE_SECONDS)
                if not jobs or len(jobs) < room:  # else more is waiting
                    self._rest(rest_until, is_taker=room > 0)
            self._step(0)  # the last news: slots granted and not used go back
        finally:
            connection.close()  # the thread's own

    def _step(self, room: int) -> list[Job] | None:
        """Settle what came back, take new jobs; None when a store is in trouble: everything is kept and tried again."""
        with cross_workspace("send engine"):
            try:
                close_old_connections()
                self._landing.settle()
                jobs = self._intake.take(room)
                assert_no_transaction()
                return jobs
            except LogLost as lost:
                limits.rebuild(lost)
                return None
            except (RedisError, DatabaseError) as error:
                log.warning("messaging.pump.trouble", kind=type(error).__name__)
                connection.close()
                return None

    def _rest(self, until: float, *, is_taker: bool) -> None:
        """Wait for news of something to send; a pump that can take nothing leaves the news to others."""
        left = until - time.monotonic()
        if left <= 0:
            return
        try:
            if is_taker:
                self._slots.limiter.await_poke(left)
            else:
                time.sleep(left)
        except RedisError as error:
            log.warning("messaging.pump.trouble", kind=type(error).__name__)
            time.sleep(left)
