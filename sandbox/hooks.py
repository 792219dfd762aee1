"""Owns outgoing webhooks: who wants what, signing, attempts, pauses, and the disorder of the real ones.

Up to three attempts with a short back-off; after `pauseAfter` deliveries in a row that failed for good
the endpoint is paused for `pauseSeconds` and what happens meanwhile is never sent.
"""

import asyncio
import hashlib
import hmac
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from .draws import digest, stream
from .http import Json
from .outgoing import Connection
from .world import RING

if TYPE_CHECKING:
    from .state import Sandbox

MAX_ATTEMPTS = 3
WORKERS = 8
AGENT = "OnlyFansAPI.com/Webhook-Client"


@dataclass(slots=True, eq=False)
class Endpoint:
    id: str
    url: str
    events: list[str]
    scope: str
    account_ids: list[str]
    secret: str
    created: float
    enabled: bool = True
    paused_until: float = 0.0
    failures: int = 0
    queue: "asyncio.Queue[Delivery]" = field(default_factory=lambda: asyncio.Queue())
    idle: int = 0
    held: "list[Delivery]" = field(default_factory=list)
    #: Headers of another vendor's deliveries; without it they are OnlyFansAPI's.
    sign: "Callable[[Delivery], dict[str, str]] | None" = None

    def wants(self, event: str, account: str) -> bool:
        if not self.enabled or self.sign is not None or event not in self.events:
            return False
        if self.scope == "inclusive":
            return account in self.account_ids
        return self.scope == "global" or account not in self.account_ids


@dataclass(slots=True, eq=False)
class Delivery:
    """One event for one endpoint. `status`: queued, delivered, failed, lost, dropped."""

    id: str
    endpoint: Endpoint
    event: str
    account: str
    key: str
    body: bytes
    created: float
    status: str = "queued"
    fault: str = ""
    redelivery_of: str | None = None
    attempts: list[Json] = field(default_factory=list)

    def public(self) -> Json:
        return {
            "id": self.id,
            "webhook": self.endpoint.id,
            "url": self.endpoint.url,
            "event": self.event,
            "account": self.account,
            "key": self.key or None,
            "status": self.status,
            "fault": self.fault or None,
            "redeliveryOf": self.redelivery_of,
            "createdAt": self.created,
            "attempts": self.attempts,
            "body": orjson.loads(self.body),
        }


class Hooks:
    def __init__(self, sandbox: "Sandbox") -> None:
        self.sandbox = sandbox
        self.endpoints: dict[str, Endpoint] = {}
        self.deliveries: deque[Delivery] = deque(maxlen=RING)
        self.pending = 0
        self._registered = 0
        self._numbers = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: set[asyncio.TimerHandle] = set()

    # registration --------------------------------------------------------------------------------

    def register(
        self, *, url: str, events: list[str], scope: str, account_ids: list[str], secret: str
    ) -> Endpoint:
        self._registered += 1
        name = f"wh_{digest(self.sandbox.seed, 'webhook', self._registered)[:24]}"
        endpoint = Endpoint(name, url, events, scope, account_ids, secret, self.sandbox.clock.now())
        self.endpoints[name] = endpoint
        return endpoint

    def remove(self, endpoint: Endpoint) -> None:
        endpoint.enabled = False
        del self.endpoints[endpoint.id]

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        for timer in self._timers:
            timer.cancel()

    # events --------------------------------------------------------------------------------------

    def wanted(self, event: str, account: str) -> bool:
        return self.sandbox.settings.webhooks and any(
            row.wants(event, account) for row in self.endpoints.values()
        )

    def emit(self, event: str, account: str, payload: Json, key: str) -> None:
        """Queues one delivery for each endpoint that wants the event."""
        if not self.wanted(event, account):
            return
        body = orjson.dumps({"event": event, "account_id": account, "payload": payload})
        for endpoint in list(self.endpoints.values()):
            if endpoint.wants(event, account):
                self._dispatch(self._new(endpoint, event, account, key, body))

    def send_raw(self, endpoint: Endpoint, event: str, key: str, body: bytes) -> None:
        """A body that another vendor's dialect has made, under the same disorder."""
        if self.sandbox.settings.webhooks:
            self._dispatch(self._new(endpoint, event, "", key, body))

    def _new(self, endpoint: Endpoint, event: str, account: str, key: str, body: bytes) -> Delivery:
        self._numbers += 1
        name = f"whd_{digest(self.sandbox.seed, 'delivery', self._numbers)[:24]}"
        delivery = Delivery(name, endpoint, event, account, key, body, self.sandbox.clock.now())
        self.deliveries.append(delivery)
        return delivery

    def _dispatch(self, delivery: Delivery) -> None:
        endpoint = delivery.endpoint
        fault = self.sandbox.faults.webhook(delivery.event, delivery.account)
        delivery.fault = fault.kind if fault else ""
        if fault and fault.kind == "pause_endpoint":
            endpoint.paused_until = self.sandbox.clock.now() + float(fault.params.get("seconds", 60))
        if endpoint.paused_until > self.sandbox.clock.now():
            delivery.status = "lost"
        elif fault is None or fault.kind in ("bad_signature", "wrong_secret", "old_timestamp"):
            self._queue(delivery)
        else:
            self._disorder(delivery, fault.kind, fault.params)

    def _disorder(self, delivery: Delivery, kind: str, params: Json) -> None:
        if kind == "drop":
            delivery.status = "dropped"
        elif kind == "delay":
            self._later(float(params.get("seconds", 1)), delivery)
        elif kind == "reorder":
            self._hold(delivery, int(params.get("window", 5)), float(params.get("seconds", 1)))
        elif kind == "duplicate":
            self._queue(delivery)
            for _ in range(int(params.get("n", 1))):
                self._queue(self._twin(delivery, delivery.body))
        elif kind == "other_body_same_key":
            self._queue(delivery)
            body = orjson.loads(delivery.body)
            body["payload"]["id"] = f"other-{delivery.id}"
            self._queue(self._twin(delivery, orjson.dumps(body)))

    def _twin(self, delivery: Delivery, body: bytes) -> Delivery:
        twin = self._new(delivery.endpoint, delivery.event, delivery.account, delivery.key, body)
        twin.fault = delivery.fault
        return twin

    def _hold(self, delivery: Delivery, window: int, seconds: float) -> None:
        held = delivery.endpoint.held
        held.append(delivery)
        self.pending += 1
        if len(held) >= window:
            self._release(delivery.endpoint)
        elif len(held) == 1:
            self._timer(seconds, self._release, delivery.endpoint)

    def _release(self, endpoint: Endpoint) -> None:
        """Sends what was held, in an order drawn from the seed that is never the original one."""
        held, endpoint.held = endpoint.held, []
        shuffled = list(held)
        stream(self.sandbox.seed, "reorder", held[0].id if held else "").shuffle(shuffled)
        if shuffled == held:
            shuffled.reverse()
        for delivery in shuffled:
            self.pending -= 1
            self._queue(delivery)

    # sending -------------------------------------------------------------------------------------

    def _queue(self, delivery: Delivery) -> None:
        self.pending += 1
        endpoint = delivery.endpoint
        endpoint.queue.put_nowait(delivery)
        workers = (
            sum(task.get_name() == endpoint.id for task in self._tasks) if endpoint.idle == 0 else WORKERS
        )
        if endpoint.idle == 0 and workers < WORKERS:
            task = asyncio.get_running_loop().create_task(self._work(endpoint), name=endpoint.id)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _timer(self, seconds: float, call: Any, *arguments: Any) -> None:
        def fire() -> None:
            self._timers.discard(handle)
            call(*arguments)

        handle = asyncio.get_running_loop().call_later(seconds, fire)
        self._timers.add(handle)

    def _later(self, seconds: float, delivery: Delivery) -> None:
        self.pending += 1

        def go() -> None:
            self.pending -= 1
            self._queue(delivery)

        self._timer(seconds, go)

    async def _work(self, endpoint: Endpoint) -> None:
        connection = Connection()
        try:
            while True:
                endpoint.idle += 1
                try:
                    delivery = await endpoint.queue.get()
                finally:
                    endpoint.idle -= 1
                await self._attempt(connection, delivery)
        finally:
            connection.close()

    async def _attempt(self, connection: Connection, delivery: Delivery) -> None:
        settings, started = self.sandbox.settings, self.sandbox.clock.now()
        status, error = 0, None
        try:
            status = await connection.post(
                delivery.endpoint.url, self._headers(delivery), delivery.body, settings.webhook_timeout
            )
        except (OSError, TimeoutError) as problem:
            error = str(problem) or type(problem).__name__
        row = {
            "at": started,
            "seconds": round(self.sandbox.clock.now() - started, 4),
            "status": status or None,
        }
        delivery.attempts.append({**row, "error": error} if error else row)
        self.pending -= 1
        if 200 <= status < 300:
            delivery.status, delivery.endpoint.failures = "delivered", 0
        elif len(delivery.attempts) < MAX_ATTEMPTS:
            self._later(settings.webhook_backoff[len(delivery.attempts) - 1], delivery)
        else:
            self._give_up(delivery)

    def _give_up(self, delivery: Delivery) -> None:
        settings, endpoint = self.sandbox.settings, delivery.endpoint
        delivery.status = "failed"
        endpoint.failures += 1
        if endpoint.failures >= settings.pause_after:
            endpoint.paused_until = self.sandbox.clock.now() + settings.pause_seconds
            endpoint.failures = 0

    def _headers(self, delivery: Delivery) -> dict[str, str]:
        if delivery.endpoint.sign is not None:
            return delivery.endpoint.sign(delivery)
        headers = {"Content-Type": "application/json", "User-Agent": AGENT}
        if delivery.key:
            headers["X-OFAPI-Idempotency-Key"] = delivery.key
        if delivery.redelivery_of:
            headers["X-OFAPI-Redelivery-Of"] = delivery.redelivery_of
        secret = delivery.endpoint.secret
        if secret:
            if delivery.fault == "wrong_secret":
                secret = f"not-{secret}"
            mark = hmac.new(secret.encode(), delivery.body, hashlib.sha256).hexdigest()
            headers["Signature"] = mark[::-1] if delivery.fault == "bad_signature" else mark
        return headers

    # control -------------------------------------------------------------------------------------

    def find(self, name: str) -> Delivery | None:
        return next((row for row in self.deliveries if row.id == name), None)

    def redeliver(self, delivery: Delivery) -> Delivery:
        """Sends it again under the same key; a redelivery ignores faults and pauses."""
        again = self._new(delivery.endpoint, delivery.event, delivery.account, delivery.key, delivery.body)
        again.redelivery_of = delivery.id
        self._queue(again)
        return again

    async def flush(self, seconds: float) -> bool:
        """Releases what is held and waits until nothing is queued, in flight or due for a retry."""
        for endpoint in self.endpoints.values():
            if endpoint.held:
                self._release(endpoint)
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while self.pending and loop.time() < end:
            await asyncio.sleep(0.01)
        return self.pending == 0
