"""The wire: claimed rows are put on it from the event loop, and what came of each is left for the stores' thread."""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Self

import structlog
from django.conf import settings
from prometheus_client import Counter, Histogram

from accounts.types import Platform
from huntaze.kernel import context, metrics
from huntaze.platforms.errors import PlatformError, Uncertain
from messaging.gateways.base import MessageGateway
from messaging.gateways.registry import PLATFORMS, GatewayConfig, gateway
from messaging.rules import outcomes
from messaging.rules.outcomes import Outcome
from messaging.services.sending.claims import Claimed
from messaging.types import DeliveryState, Outgoing

log = structlog.get_logger(__name__)

#: Also the number of connections: what is claimed goes on the wire at once and waits for nobody.
MOST_IN_FLIGHT = 1000


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


class Wire:
    """Open gateways. `put` and `in_flight` are for the stores' thread, everything else runs in the event loop; what
    is done is appended to `done`, which the stores' thread empties."""

    def __init__(self, gateways: dict[Platform, MessageGateway], done: list[Done]) -> None:
        self._gateways = gateways
        self._done = done
        self._loop = asyncio.get_running_loop()
        self._flying: set[asyncio.Task[None]] = set()
        self._launched = self._landed = 0  # each is written by one thread only

    @classmethod
    @asynccontextmanager
    async def open(cls, done: list[Done]) -> AsyncIterator[Self]:
        async with AsyncExitStack() as stack:
            gateways = {
                platform: await stack.enter_async_context(gateway(platform, gateway_config()))
                for platform in PLATFORMS
            }
            yield cls(gateways, done)

    @property
    def in_flight(self) -> int:
        return self._launched - self._landed

    def put(self, jobs: list[Job]) -> None:
        self._launched += len(jobs)
        self._loop.call_soon_threadsafe(self._launch, jobs)

    def _launch(self, jobs: list[Job]) -> None:
        """One task an account, its messages one after the other: what was queued first arrives first."""
        by_account = defaultdict(list)
        for job in jobs:
            by_account[job.row.account].append(job)
        for mine in by_account.values():
            task = asyncio.create_task(self._act_in_order(mine))
            self._flying.add(task)
            task.add_done_callback(self._flying.discard)

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
                outcome = _outcome_of(error, job)
            except Exception:  # what we do not understand may have been sent: it is uncertain, and logged
                log.exception("messaging.send.unexpected")
                outcome = _outcome_of(Uncertain("unexpected"), job)
        took = time.perf_counter() - started
        _act_seconds(outcome.state).observe(took)
        _sends(job.platform, outcome.code or str(outcome.state)).inc()
        return Done(job, outcome, time.monotonic(), took * 1000)


def _outcome_of(error: PlatformError, job: Job) -> Outcome:
    return outcomes.of_error(
        error,
        attempts=job.attempts,
        spread=random.uniform(-1, 1),  # noqa: S311 (jitter, not a secret)
        lookup_after=settings.SEND_LOOKUP_AFTER_SECONDS,
    )
