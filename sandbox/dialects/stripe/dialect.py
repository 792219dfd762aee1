"""Owns the way of a request through the dialect: faults, key, form, idempotency, handler, envelope."""

import hashlib
import os
import time
from typing import Any

import orjson

from ... import latency
from ...draws import digest
from ...faults import AFTER, BEFORE, Fault
from ...http import Json, Receive, Scope, Send, TooLarge, answer, cut, hang, header, read_body
from ...state import Sandbox
from ..onlyfansapi import trouble
from . import forms, pages, table
from .clockwork import Clockwork
from .core import PREFIX, Refused, Request, Store, public
from .events import Events

DEFAULT_KEY = "sk_test_sandbox00000000000123456789"
DEFAULT_SECRET = "whsec_sandbox0123456789abcdef"  # noqa: S105 - the sandbox's own, no secret
Headers = tuple[tuple[bytes, bytes], ...]


class Dialect:
    name = "stripe"

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.store = Store(sandbox.seed, sandbox.clock.now)
        self.events = Events(sandbox, self.store)
        self.clockwork = Clockwork(self)
        self.key = os.environ.get("SANDBOX_STRIPE_KEY") or DEFAULT_KEY
        self.secret = os.environ.get("SANDBOX_STRIPE_WEBHOOK_SECRET") or DEFAULT_SECRET
        if url := os.environ.get("SANDBOX_STRIPE_WEBHOOK_URL"):
            self.events.listen(url, self.secret, ["*"])
        #: Where this server is reached, learned from the first request: the pages' addresses begin with it.
        self.base = PREFIX
        self.kept: dict[str, tuple[str, int, bytes]] = {}
        self.requests = 0

    def kept_state(self) -> Json:
        """What a snapshot needs to go on with the same customers and prices."""
        return {"kinds": self.store.kinds, "count": self.store.count, "kept": self.kept}

    def take_up(self, saved: Json) -> None:
        self.store.kinds, self.store.count, self.kept = saved["kinds"], saved["count"], saved["kept"]
        self.store.objects = {name: row for rows in saved["kinds"].values() for name, row in rows.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started, path, method = time.perf_counter(), scope["path"][len(PREFIX) :], scope["method"]
        self.base = f"http://{header(scope, b'host') or '127.0.0.1'}{PREFIX}"
        self.clockwork.roll()
        if not path.startswith("/v1/"):
            await pages.handle(self, scope, receive, send, path)
            return
        faults = self.sandbox.faults
        fault = faults.request(self.name, method, path, "") if faults.active else None
        try:
            raw = await read_body(receive)
        except TooLarge:
            await answer(send, 413, b"{}")
            return
        if fault is not None and await self._refused(fault, receive, send):
            self._log(method, path, 0, fault, started, header(scope, b"idempotency-key"))
            return
        status, body, headers = self._respond(scope, method, path, raw)
        if fault is not None and fault.kind in AFTER:
            if fault.kind == "timeout_after":
                await hang(receive, float(fault.params.get("seconds", 3600)))
            if fault.kind in ("timeout_after", "reset_after"):
                await cut(send)
            else:
                await trouble.spoil(fault, send, status, body, headers)
        else:
            await answer(send, status, body, headers)
        self._log(method, path, status, fault, started, header(scope, b"idempotency-key"))

    async def _refused(self, fault: Fault, receive: Receive, send: Send) -> bool:
        """True if the fault has answered, with the world unchanged."""
        if fault.kind == "latency":
            await hang(receive, latency.draw(fault.params, self.sandbox.seed, fault.id, fault.hits))
            return False
        if fault.kind not in BEFORE:
            return False
        if fault.kind in ("reset_before", "timeout_before"):
            if fault.kind == "timeout_before":
                await hang(receive, float(fault.params.get("seconds", 3600)))
            await cut(send)
            return True
        status = 429 if fault.kind == "rate_limit" else int(fault.params.get("code", 500))
        error: Json = {"type": "api_error", "message": "An unknown error occurred."}
        if status == 429:
            error = {"type": "invalid_request_error", "code": "rate_limit", "message": "Too many requests."}
        if status == 402:
            error = {"type": "card_error", "code": "card_declined", "message": "Your card was declined."}
        wait = fault.params.get("retryAfter")
        headers: Headers = ((b"retry-after", str(wait).encode()),) if wait is not None else ()
        await answer(send, status, orjson.dumps({"error": fault.params.get("error", error)}), headers)
        return True

    # answers -------------------------------------------------------------------------------------

    def _respond(self, scope: Scope, method: str, path: str, raw: bytes) -> tuple[int, bytes, Headers]:
        self.requests += 1
        version = header(scope, b"stripe-version")
        headers: Headers = (
            (b"request-id", f"req_{digest(self.sandbox.seed, 'request', self.requests)[:14]}".encode()),
            (b"stripe-version", version.encode() or b"2026-08-26.dahlia"),
        )
        key = header(scope, b"idempotency-key") if method == "POST" else ""
        mark = hashlib.sha256(b"\0".join((path.encode(), raw))).hexdigest()
        try:
            self._authenticate(scope)
            if key and (kept := self.kept.get(key)):
                if kept[0] != mark:
                    raise Refused(
                        400,
                        "idempotency_error",
                        f"Keys for idempotent requests can only be used with the same parameters. Key: {key}",
                    )
                return kept[1], kept[2], (*headers, (b"idempotent-replayed", b"true"))
            status, value = 200, self._handle(scope, method, path, raw, key)
        except Refused as refusal:
            status, value = refusal.status, refusal.body
        body = orjson.dumps(public(value))
        if key and status not in (400, 401, 404, 429):
            self.kept[key] = (mark, status, body)
        return status, body, headers

    def _authenticate(self, scope: Scope) -> None:
        given = header(scope, b"authorization").removeprefix("Bearer ")
        if given != self.key:
            raise Refused(401, "invalid_request_error", "Invalid API Key provided")

    def _handle(self, scope: Scope, method: str, path: str, raw: bytes, key: str) -> Any:
        form = forms.parse(scope["query_string"]) | (forms.parse(raw) if method == "POST" else {})
        handler, names = table.find(method, path.strip("/").split("/")[1:])
        if handler is None:
            raise Refused(404, "invalid_request_error", f"Unrecognized request URL ({method}: {path}).")
        request = Request(self, method, path, form, names, header(scope, b"host"), key)
        value = handler(request)
        expand = [path for path in form.get("expand", []) if not path.startswith("data.")]
        return self.store.shown(value, expand)

    def _log(
        self, method: str, path: str, status: int, fault: Fault | None, started: float, key: str
    ) -> None:
        spent = round((time.perf_counter() - started) * 1000, 2)
        row = (time.time(), self.name, method, path, status, spent, "", fault.kind if fault else "", key)
        self.sandbox.log.append(row)
