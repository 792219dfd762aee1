"""Owns the way of a request through the dialect: faults, key, route, limits, handler, envelope."""

import asyncio
import inspect
import os
import time
from typing import Any

import orjson

from ... import latency
from ...faults import AFTER, BEFORE, Fault
from ...http import Receive, Scope, Send, TooLarge, answer, cut, hang, read_body
from ...state import Sandbox
from . import connect, table, trouble
from .core import PREFIX, Refused, Reply, Request
from .events import Events
from .idempotency import Store

DEFAULT_KEY = "ofapi_sandbox_0123456789"
UNAUTHORIZED = {"error": "Unauthorized. Go to https://app.onlyfansapi.com/api-keys to get your API key."}
_OPTION = orjson.OPT_NON_STR_KEYS
NO_LIMIT = 1_000_000


class Dialect:
    name = "onlyfansapi"

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.router = table.build()
        self.store = Store()
        self.events = Events(sandbox)
        self.key = os.environ.get("SANDBOX_ONLYFANSAPI_KEY") or DEFAULT_KEY
        self.minute = (0, 0)
        self.sessions: dict[str, dict[str, Any]] = {}
        self.attempts: dict[str, dict[str, Any]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        sandbox = self.sandbox
        path = scope["path"][len(PREFIX) :]
        method = scope["method"]
        if path.startswith("/embed-auth/"):
            await connect.embedded(self, scope, receive, send, path)
            return
        account_id = path.split("/", 3)[2] if path.count("/") > 2 else ""
        fault = sandbox.faults.request(self.name, method, path, account_id) if sandbox.faults.active else None
        try:
            body = await read_body(receive)
        except TooLarge:
            await answer(send, 413, b'{"error":"Payload too large."}')
            return
        request = Request(
            sandbox,
            method,
            path,
            [],
            scope["query_string"].decode("latin-1"),
            scope["headers"],
            body,
            sandbox.clock.now(),
        )
        if fault is not None:
            refused = await self._before(fault, request, account_id, receive, send)
            if refused is not None:
                self._log(request, fault, refused, account_id, started)
                return
        status, body, headers = await self._respond(request, account_id)
        await self._finish(fault, request, status, body, headers, receive, send)
        self._log(request, fault, status, account_id, started)

    # faults --------------------------------------------------------------------------------------

    async def _before(
        self, fault: Fault, request: Request, account_id: str, receive: Receive, send: Send
    ) -> int | None:
        """The status if the fault has answered (0: cut off), with the world unchanged; else None."""
        if fault.kind not in BEFORE:
            request.faults.add(fault.kind)
            if fault.kind == "latency":
                request.delay += latency.draw(fault.params, self.sandbox.seed, fault.id, fault.hits)
            elif fault.kind == "hold_idempotency":
                request.hold = float(fault.params.get("seconds", 2))
            return None
        if fault.kind == "reset_before":
            await cut(send)
        elif fault.kind == "timeout_before":
            await hang(receive, float(fault.params.get("seconds", 3600)))
            await cut(send)
        elif fault.kind in trouble.STATES:
            trouble.lose_session(self, account_id, fault.kind)
            return None
        else:
            status, body, headers = trouble.before(fault)
            await answer(send, status, body, headers)
            return status
        return 0

    async def _finish(
        self,
        fault: Fault | None,
        request: Request,
        status: int,
        body: bytes,
        headers: tuple[tuple[bytes, bytes], ...],
        receive: Receive,
        send: Send,
    ) -> None:
        if fault is None or fault.kind not in AFTER:
            await answer(send, status, body, headers)
            if request.sent is not None:
                request.sent.answered_at = self.sandbox.clock.now()
        elif fault.kind == "timeout_after":
            await hang(receive, float(fault.params.get("seconds", 3600)))
            await cut(send)
        elif fault.kind == "reset_after":
            await cut(send)
        else:
            await trouble.spoil(fault, send, status, body, headers)

    # answers -------------------------------------------------------------------------------------

    async def _respond(
        self, request: Request, account_id: str
    ) -> tuple[int, bytes, tuple[tuple[bytes, bytes], ...]]:
        settings = self.sandbox.settings
        if settings.latency_ms:
            request.delay += latency.draw(
                settings.latency_ms, self.sandbox.seed, request.path, len(self.sandbox.log)
            )
        try:
            reply = await self._handle(request, account_id)
        except Refused as refusal:
            return refusal.status, orjson.dumps(refusal.body), refusal.headers
        return reply.status, self._envelope(reply), reply.headers

    async def _handle(self, request: Request, account_id: str) -> Reply:
        if request.header(b"authorization") != f"Bearer {self.key}":
            raise Refused(401, UNAUTHORIZED)
        route, request.params, exists = self.router.find(request.method, request.path)
        if route is None:
            if exists:
                raise Refused(405, {"error": f"The {request.method} method is not supported for this route."})
            raise Refused(404, {"error": "Not found."})
        if route.handler is None:
            raise Refused(501, {"error": f"{route.name} is not imitated"})
        self._count(request)
        if route.needs_account:
            request.account = self._account(account_id)
        is_send = inspect.iscoroutinefunction(route.handler)
        if request.delay and not is_send:
            await asyncio.sleep(request.delay)
        result = route.handler(request)
        reply: Reply = await result if is_send else result
        self.sandbox.settings.credits -= reply.credits
        return reply

    def _account(self, account_id: str) -> Any:
        account = self.sandbox.world.accounts.get(account_id)
        if account is None:
            raise Refused(404, {"error": "Account not found.", "code": "account_not_found"})
        if account.state != "connected":
            raise Refused(503, {"error": "The account is being re-authenticated.", "code": account.state})
        return account

    def _count(self, request: Request) -> None:
        """The team's fixed minute. Every call counts, cached or not."""
        minute = int(request.at // 60)
        used = self.minute[1] if self.minute[0] == minute else 0
        limit = self.sandbox.settings.rate_per_minute
        if limit and used >= limit:
            wait = max(1, round(60 - request.at % 60))
            headers = ((b"retry-after", b"%d" % wait),)
            raise Refused(429, {"error": "Too many requests.", "code": "rate_limit_exceeded"}, headers)
        self.minute = (minute, used + 1)
        if self.sandbox.settings.credits <= 0:
            raise Refused(402, trouble.NO_CREDITS)

    def _envelope(self, reply: Reply) -> bytes:
        data = reply.data if isinstance(reply.data, bytes) else orjson.dumps(reply.data, option=_OPTION)
        if reply.bare:
            return data
        limit = self.sandbox.settings.rate_per_minute or NO_LIMIT
        meta = (
            b'"_meta":{"_credits":{"used":%d,"balance":%d,"note":"Sandbox credits"},'
            b'"_cache":{"is_cached":false,"note":"Never cached"},'
            b'"_rate_limits":{"limit_minute":%d,"remaining_minute":%d,"limit_day":null,"remaining_day":null}}}'
            % (reply.credits, self.sandbox.settings.credits, limit, max(0, limit - self.minute[1]))
        )
        if not reply.paged:
            return b'{"data":' + data + b"," + meta
        page = orjson.dumps(reply.next_page)
        return b'{"data":' + data + b',"_pagination":{"next_page":' + page + b"}," + meta

    def _log(
        self, request: Request, fault: Fault | None, status: int, account_id: str, started: float
    ) -> None:
        self.sandbox.log.append(
            (
                request.at,
                self.name,
                request.method,
                request.path,
                status,
                round((time.perf_counter() - started) * 1000, 3),
                account_id,
                fault.kind if fault else None,
                request.outcome,
            )
        )
