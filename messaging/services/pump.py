"""The pump: tick, claim, put on the wire, settle, until its time is over or its worker goes down.

Several pumps run at once, on as many machines as wanted; the limiter's tick and SKIP LOCKED share the work. Database
and Redis are spoken to from one thread of their own, the wire from the event loop, so neither waits for the other.
"""

import asyncio
import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

import structlog
from django.conf import settings
from django.db import (
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
    transaction,
)
from django.db import Error as DatabaseError
from prometheus_client import Counter, Histogram
from redis.exceptions import RedisError

from accounts.types import Platform
from huntaze.kernel import breaker, clock, context, metrics
from huntaze.kernel.breaker_rules import State as BreakerState
from huntaze.kernel.crypto import DecryptionFailed
from huntaze.kernel.limiter import CLAIM_WITHIN_SECONDS, Grant, Limiter, LogLost, News
from huntaze.kernel.money import Money
from huntaze.kernel.outbox import assert_no_transaction
from huntaze.kernel.tenancy import cross_workspace
from huntaze.platforms.errors import PlatformError, Uncertain
from huntaze.platforms.onlyfansapi import VENDOR
from messaging.gateways.base import MessageGateway
from messaging.gateways.registry import PLATFORMS, GatewayConfig, gateway
from messaging.models import Delivery
from messaging.rules import outcomes
from messaging.rules.outcomes import Outcome
from messaging.rules.throttling import Refusals
from messaging.services import circuits, engine, limits
from messaging.services.accounts_state import note_account_state
from messaging.services.campaigns.texts import write_texts
from messaging.services.engine import Claimed
from messaging.types import DeliveryState, Outgoing

log = structlog.get_logger(__name__)

#: A pump looks again after this long when nobody has told it of something new.
TICK_SECONDS = 0.1
#: Between two looks: what is told or answered meanwhile is taken together.
PAUSE_SECONDS = 0.015
#: How long the event loop keeps the interpreter while the stores' thread waits for it; Python's own 5 ms, paid with
#: every answer of a store, would be most of a step.
SWITCH_SECONDS = 0.001
TROUBLE_SECONDS = 0.5
#: How long an account waits whose rows could not be claimed.
REFUSED_SECONDS = 60.0
#: Slots asked for with one look: a larger batch would arrive as a burst that waits for itself.
MOST_AT_ONCE = 150
#: Also the number of connections: what is claimed goes on the wire at once and waits for nobody.
MOST_IN_FLIGHT = 1000
#: Slots given at once to an account whose number of waiting replies is not known; more follow with the next tick.
BURST = 4


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed row with everything the wire needs. `give_up_at` is on the monotonic clock; `message` is None when
    its text can't be opened, which ends it before the wire."""

    row: Claimed
    slot: str
    attempts: int
    platform: Platform
    message: Outgoing | None
    give_up_at: float


@dataclass(frozen=True, slots=True)
class Done:
    """`at` is on the monotonic clock; `latency_ms` is None when nothing was put on the wire."""

    job: Job
    outcome: Outcome
    at: float
    latency_ms: float | None = None


@cache
def _act_seconds(state: DeliveryState) -> Histogram:
    return metrics.QUEUE_ACT_SECONDS.labels("send", str(state))


@cache
def _sends(platform: Platform, outcome: str) -> Counter:
    return metrics.SENDS.labels(str(platform), outcome)


def gateway_config() -> GatewayConfig:
    return GatewayConfig(
        onlyfansapi_base_url=settings.ONLYFANSAPI_BASE_URL,
        onlyfansapi_api_key=settings.ONLYFANSAPI_API_KEY,
        timeout=settings.SEND_TIMEOUT_SECONDS,
        onlyfansapi_keeps_keys=settings.ONLYFANSAPI_KEEPS_KEYS,
        connections=MOST_IN_FLIGHT,
    )


class Pump:
    """One sender. `run` ends after `seconds`, or soon after `is_stopping()` turns true, with nothing in flight."""

    def __init__(self, *, seconds: float, is_stopping: Callable[[], bool]) -> None:
        self._ends_at = time.monotonic() + seconds
        self._is_stopping = is_stopping
        self._limiter: Limiter = limits.limiter()
        self._news = News()
        self._done: list[Done] = []
        self._flying: set[asyncio.Task[None]] = set()
        self._launched = self._landed = 0  # each is written by one thread only
        self._breaker = BreakerState.CLOSED
        self._refusals = Refusals()
        self._has_trouble = False
        self._probing: list[int] = []
        self._gateways: dict[Platform, MessageGateway] = {}
        self.sent = 0

    async def run(self) -> int:
        """Returns how many messages this pump sent."""
        loop = asyncio.get_running_loop()
        sys.setswitchinterval(SWITCH_SECONDS)
        with ThreadPoolExecutor(1, thread_name_prefix="pump") as thread:
            async with AsyncExitStack() as stack:
                for platform in PLATFORMS:
                    self._gateways[platform] = await stack.enter_async_context(
                        gateway(platform, gateway_config())
                    )
                await loop.run_in_executor(thread, self._drive, loop)
        return self.sent

    def _launch(self, jobs: list[Job]) -> None:
        """One task an account, its messages one after the other: what was queued first arrives first."""
        by_account = defaultdict(list)
        for job in jobs:
            by_account[job.row.account].append(job)
        for mine in by_account.values():
            task = asyncio.create_task(self._act_in_order(mine))
            self._flying.add(task)
            task.add_done_callback(self._flying.discard)

    # --- the wire

    async def _act_in_order(self, jobs: list[Job]) -> None:
        for job in jobs:
            self._done.append(await self._act(job))
            self._landed += 1

    async def _act(self, job: Job) -> Done:
        if time.monotonic() >= job.give_up_at:
            return Done(job, outcomes.never_sent(), time.monotonic())
        assert job.message is not None
        started = time.perf_counter()
        with context.bind(trace_id=job.message.trace_id or None):
            try:
                receipt = await self._gateways[job.platform].send(job.message)
                outcome = outcomes.of_receipt(receipt)
            except PlatformError as error:
                outcome = self._outcome_of(error, job)
            except Exception:  # what we do not understand may have been sent: it is uncertain, and logged
                log.exception("messaging.send.unexpected")
                outcome = self._outcome_of(Uncertain("unexpected"), job)
        took = time.perf_counter() - started
        _act_seconds(outcome.state).observe(took)
        _sends(job.platform, outcome.code or str(outcome.state)).inc()
        return Done(job, outcome, time.monotonic(), took * 1000)

    def _outcome_of(self, error: PlatformError, job: Job) -> Outcome:
        return outcomes.of_error(
            error,
            attempts=job.attempts,
            spread=random.uniform(-1, 1),  # noqa: S311 (jitter, not a secret)
            lookup_after=settings.SEND_LOOKUP_AFTER_SECONDS,
        )

    # --- the stores (one thread)

    def _drive(self, loop: asyncio.AbstractEventLoop) -> None:
        """Step after step; the event loop has the wire meanwhile."""
        try:
            while True:
                rest_until = time.monotonic() + TICK_SECONDS
                is_ending = self._is_stopping() or rest_until >= self._ends_at
                in_flight = self._launched - self._landed
                if is_ending and not in_flight and not self._done:
                    break
                room = 0 if is_ending else min(MOST_AT_ONCE, MOST_IN_FLIGHT - in_flight)
                jobs = self._step(room)
                if jobs:
                    self._launched += len(jobs)
                    loop.call_soon_threadsafe(self._launch, jobs)
                time.sleep(PAUSE_SECONDS if jobs is not None else TROUBLE_SECONDS)
                if not jobs or len(jobs) < room:  # else more is waiting
                    self._rest(rest_until, is_taker=room > 0)
            self._step(0)  # the last news: slots granted and not used go back
        finally:
            connection.close()  # the thread's own

    def _step(self, room: int) -> list[Job] | None:
        """Settle what came back, tick, claim; None when a store is in trouble (everything is kept and tried again)."""
        with cross_workspace("send engine"):
            try:
                close_old_connections()
                self._settle()
                granted_at = time.monotonic()  # before the tick: the slots' lease runs from inside it
                jobs = self._claim(self._allowed(self._tick(room)), granted_at)
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
                self._limiter.await_poke(left)
            else:
                time.sleep(left)
        except RedisError as error:
            log.warning("messaging.pump.trouble", kind=type(error).__name__)
            time.sleep(left)

    def _settle(self) -> None:
        """Rows first, slots with the next tick: a slot stays reserved until its row says what happened."""
        if not self._done:
            return
        batch = list(self._done)
        try:
            written = engine.settle([(done.job.row, done.outcome) for done in batch])
        except (DataError, IntegrityError):
            written = self._settle_each(batch)
        del self._done[: len(batch)]
        for done in batch:
            self._note(done)
        if len(written) < len(batch):
            log.warning("messaging.settle.lease_lost", count=len(batch) - len(written))
        self._tell_circuits(batch)
        for done in batch:
            if done.outcome.account_state is not None:
                account = done.job.row.account
                note_account_state(
                    account_pk=account, state=done.outcome.account_state, reason=done.outcome.code
                )

    def _settle_each(self, batch: list[Done]) -> set[int]:
        """One row that can't be written as it is must not hold up the others: it is uncertain, and logged."""
        written: set[int] = set()
        for done in batch:
            try:
                written |= engine.settle([(done.job.row, done.outcome)])
            except (DataError, IntegrityError):
                log.exception("messaging.settle.refused")
                written |= engine.settle([(done.job.row, outcomes.unsettleable())])
        return written

    def _note(self, done: Done) -> None:
        job, outcome = done.job, done.outcome
        account, slot, row = job.row.account, job.slot, job.row.id
        if outcome.is_slot_used:
            self._news.dated.append((account, slot, row, int((time.monotonic() - done.at) * 1000)))
        else:
            self._news.returned.append((account, slot, row))
        if outcome.hold_account is not None:
            self._news.held.append((job.row.account, outcome.hold_account))
        if outcome.code == "rate_limited":
            self._hold_all(self._refusals.note(job.row.account, outcome.delay or 0.0, time.monotonic()))
        self._hold_all(outcome.hold_all)
        if outcome.delay is not None:
            metrics.QUEUE_RETRIES.labels("send", outcome.code).inc()
        self.sent += bool(outcome.platform_message_id)

    def _hold_all(self, seconds: float | None) -> None:
        self._news.held_all = max(self._news.held_all, seconds or 0.0)

    def _tell_circuits(self, batch: list[Done]) -> None:
        tried = [
            circuits.Tried(done.job.row.account, done.outcome.code, done.latency_ms)
            for done in batch
            if done.latency_ms is not None
        ]
        self._has_trouble |= not all(call.is_ok for call in tried)
        self._news.held += circuits.tell(tried, has_trouble=self._has_trouble).items()

    def _tick(self, room: int) -> list[Grant]:
        news, self._news = self._news, News()
        try:
            grants = self._limiter.tick(news, slots=self._open_to(max(0, room)), burst=BURST)
        except (RedisError, LogLost) as error:
            self._news = news
            metrics.LIMITER_TICKS.labels("lost" if isinstance(error, LogLost) else "failed").inc()
            raise
        metrics.LIMITER_TICKS.labels("granted" if grants else "none").inc()
        metrics.LIMITER_SLOTS.labels("granted").inc(sum(len(grant.slots) for grant in grants))
        metrics.LIMITER_SLOTS.labels("returned").inc(len(news.returned))
        return grants

    def _open_to(self, room: int) -> int:
        """How many messages may go: none while the vendor's breaker is open, one while it is half open."""
        self._breaker = breaker.states([VENDOR])[VENDOR]
        if self._breaker is BreakerState.OPEN:
            return 0
        return min(room, 1) if self._breaker is BreakerState.HALF_OPEN else room

    def _has_rows(self, grants: list[Grant]) -> bool:
        try:
            return engine.has_rows(grants)
        except DatabaseError:
            self._give_back(grants)
            raise

    def _allowed(self, grants: list[Grant]) -> list[Grant]:
        """While the breaker is half open one message in the whole cluster is the probe. The permit is asked for only
        when there is a message to try it with, because an unused one blocks the others until it runs out. An account
        whose own breaker is open gives its slots back, or keeps one for its probe."""
        if not grants:
            return grants
        if self._breaker is not BreakerState.CLOSED:
            if not self._has_rows(grants):
                self._share_out(grants, [])
                return []
            if not breaker.allow(VENDOR):
                self._give_back(grants)
                return []
        try:
            self._has_trouble = circuits.accounts().has_trouble()
            found = circuits.sort(grants) if self._has_trouble else circuits.Sorted(grants)
        except RedisError:
            self._give_back(grants)
            raise
        self._give_back(found.returned)
        self._news.held += found.held
        self._probing = found.probing
        return found.kept

    def _claim(self, grants: list[Grant], granted_at: float) -> list[Job]:
        if not grants:
            return []
        slots: dict[int, tuple[Claimed, str]] = {}
        for some, rows in self._claim_rows(grants):
            slots |= self._share_out(some, rows)
        if self._probing:
            tried = {row.account for row, _ in slots.values()}
            circuits.accounts().unused([account for account in self._probing if account not in tried])
        jobs = self._jobs(slots, granted_at)
        if time.monotonic() - granted_at <= CLAIM_WITHIN_SECONDS:
            return jobs
        self._done += [Done(job, outcomes.never_sent(), time.monotonic()) for job in jobs]
        return []

    def _claim_rows(self, grants: list[Grant]) -> list[tuple[list[Grant], list[Claimed]]]:
        """Claim and write the texts in one transaction. Where that fails on what the rows hold, the accounts are
        tried apart and the one at fault waits, so that nobody else does."""
        try:
            with transaction.atomic():
                return [(grants, write_texts(engine.claim(grants, lease=self._limiter.limit.lease)))]
        except (OperationalError, InterfaceError):
            self._give_back(grants)
            raise
        except (
            Exception
        ):  # anything in a text or a row; the account is named by what it leaves in the log's context
            if len(grants) > 1:
                half = len(grants) // 2
                return self._claim_rows(grants[:half]) + self._claim_rows(grants[half:])
            log.exception("messaging.claim.refused")
            self._give_back(grants)
            self._news.held.append((grants[0].account, REFUSED_SECONDS))
            return []

    def _give_back(self, grants: list[Grant]) -> None:
        self._news.returned += [(grant.account, slot, 0) for grant in grants for slot in grant.slots]

    def _share_out(self, grants: list[Grant], rows: list[Claimed]) -> dict[int, tuple[Claimed, str]]:
        """Give each row a slot of its grant; slots left over go back, and a grant without rows ends its wish."""
        claimed = defaultdict(list)
        for row in rows:
            claimed[row.account, row.lane].append(row)
        slots: dict[int, tuple[Claimed, str]] = {}
        for grant in grants:
            mine = claimed[grant.account, grant.lane]
            slots |= {row.id: (row, slot) for row, slot in zip(mine, grant.slots, strict=False)}
            self._news.returned += [(grant.account, slot, 0) for slot in grant.slots[len(mine) :]]
            if len(mine) < len(grant.slots):
                self._news.idle.append((grant.account, str(grant.lane), grant.sequence))
        return slots

    def _jobs(self, slots: dict[int, tuple[Claimed, str]], granted_at: float) -> list[Job]:
        """What the wire needs of the claimed rows. A text that can't be opened is a dead letter, not a crash."""
        give_up_at = granted_at + self._limiter.limit.lease - settings.SEND_TIMEOUT_SECONDS
        jobs, now, dwell = [], clock.now(), metrics.QUEUE_DWELL_SECONDS.labels("send")
        for loaded in engine.load(list(slots)):
            row, slot = slots[loaded.id]
            dwell.observe(max(0.0, (now - loaded.available_at).total_seconds()))
            try:
                message = loaded.outgoing()
            except DecryptionFailed:
                log.exception("messaging.text.unreadable")
                job = Job(row, slot, loaded.attempts, Platform(loaded.platform), None, give_up_at)
                self._done.append(Done(job, outcomes.unreadable(), time.monotonic()))
            else:
                jobs.append(Job(row, slot, loaded.attempts, Platform(loaded.platform), message, give_up_at))
        return jobs


def outgoing_of(delivery: Delivery) -> Outgoing:
    """What a gateway needs to know of a delivery."""
    message = delivery.written
    return Outgoing(
        key=delivery.public_id,
        account_external_id=delivery.account.external_id,
        fan_external_id=delivery.fan.platform_user_id,
        text=message.text.reveal(),
        price=Money(message.price_minor, message.currency).amount if message.price_minor else Decimal(0),
        is_locked_text=message.is_locked_text,
        media_ids=tuple(message.media_ids),
        trace_id=delivery.trace_id,
        first_attempt_at=delivery.first_attempt_at,
    )
