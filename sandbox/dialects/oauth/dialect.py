"""Owns the way of a request through a dialect with OAuth: faults, the consent page, the vendor's calls."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson

from ...faults import AFTER, BEFORE, Fault
from ...http import Receive, Scope, Send, TooLarge, answer, cut, hang, header, read_body
from ...latency import draw
from ...state import Sandbox
from ..onlyfansapi import trouble
from . import consent
from .provider import Grant, Person, Provider

HTML = b"text/html; charset=utf-8"


@dataclass(slots=True)
class Asked:
    """A call to the vendor's API: query and form in one, the Bearer token beside them."""

    method: str
    path: str
    values: dict[str, str]
    bearer: str
    now: float


class Refused(Exception):
    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status)
        self.status, self.body = status, body


Handler = Callable[[Asked], Any]


class OAuthDialect:
    """One vendor. Subclasses name their paths and people, and speak its words."""

    name = ""
    title = ""
    authorize_path = ""
    client_field = "client_id"
    scopes: tuple[str, ...] = ()

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.provider = Provider(self.name, sandbox.seed, self.people())
        upper = self.name.upper()
        self.client = os.environ.get(f"SANDBOX_{upper}_ID") or f"{self.name}_sandbox"
        self.secret = os.environ.get(f"SANDBOX_{upper}_SECRET") or f"{self.name}_secret_0123456789"
        self.table = self.routes()

    def people(self) -> tuple[Person, ...]:
        raise NotImplementedError

    def routes(self) -> dict[tuple[str, str], Handler]:
        raise NotImplementedError

    def find(self, method: str, path: str) -> Handler | None:
        return self.table.get((method, path))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        path, method = scope["path"][len(self.name) + 1 :], scope["method"]
        faults = self.sandbox.faults
        fault = faults.request(self.name, method, path, "") if faults.active else None
        try:
            body = await read_body(receive)
        except TooLarge:
            await answer(send, 413, b"{}")
            return
        if fault is not None and await self._before(fault, receive, send):
            self._log(method, path, 0, fault, started, "")
            return
        if path == self.authorize_path:
            status, outcome = await self._consent(scope, method, body, fault, send), ""
        else:
            asked = self._asked(scope, method, path, body)
            status, raw, outcome = self._respond(asked, fault)
            await self._finish(fault, status, raw, receive, send)
        self._log(method, path, status, fault, started, outcome)

    # faults --------------------------------------------------------------------------------------

    async def _before(self, fault: Fault, receive: Receive, send: Send) -> bool:
        """True if the fault has answered, with nothing done."""
        if fault.kind == "latency":
            await hang(receive, draw(fault.params, self.sandbox.seed, fault.id, fault.hits))
            return False
        if fault.kind not in BEFORE:
            return False
        if fault.kind == "reset_before":
            await cut(send)
        elif fault.kind == "timeout_before":
            await hang(receive, float(fault.params.get("seconds", 3600)))
            await cut(send)
        else:
            status, raw, headers = trouble.before(fault)
            await answer(send, status, raw, headers)
        return True

    async def _finish(
        self, fault: Fault | None, status: int, raw: bytes, receive: Receive, send: Send
    ) -> None:
        if fault is None or fault.kind not in AFTER:
            await answer(send, status, raw)
        elif fault.kind == "timeout_after":
            await hang(receive, float(fault.params.get("seconds", 3600)))
            await cut(send)
        elif fault.kind == "reset_after":
            await cut(send)
        else:
            await trouble.spoil(fault, send, status, raw, ())

    # the consent page ----------------------------------------------------------------------------

    async def _consent(self, scope: Scope, method: str, body: bytes, fault: Fault | None, send: Send) -> int:
        form = consent.fields(body) if method == "POST" else {}
        query = form.get("asked") or scope["query_string"].decode("latin-1")
        asked = dict(parse_qsl(query, keep_blank_values=True))
        wrong = self._wrong_request(asked)
        if wrong:
            await answer(send, 400, wrong.encode(), consent.HEADERS, b"text/plain; charset=utf-8")
            return 400
        if method == "GET":
            shown = self._asked_scopes(asked)
            raw = consent.page(self.title, query, self.provider.people, shown)
            await answer(send, 200, raw, consent.HEADERS, HTML)
            return 200
        origin = header(scope, b"origin")
        if origin not in ("", "null") and origin.split("//")[-1] != header(scope, b"host"):
            await answer(send, 403, b"Forms of other sites are refused.", consent.HEADERS, b"text/plain")
            return 403
        place = self._answered(asked, form, fault)
        await answer(send, 302, b"", (*consent.HEADERS, (b"location", place)), b"text/plain")
        return 302

    def _wrong_request(self, asked: dict[str, str]) -> str:
        """Nothing is sent back to an address that is not a known application's."""
        if asked.get(self.client_field) != self.client:
            return "This application is not known."
        if not consent.is_loopback(asked.get("redirect_uri", "")):
            return "This redirect address is not registered."
        if asked.get("response_type") != "code" or not asked.get("state"):
            return "This request is incomplete."
        return ""

    def _asked_scopes(self, asked: dict[str, str]) -> list[str]:
        wanted = self.wanted(asked)
        return [scope for scope in self.scopes if scope in wanted]

    def wanted(self, asked: dict[str, str]) -> list[str]:
        return [word for word in asked.get("scope", "").split(",") if word]

    def _answered(self, asked: dict[str, str], form: dict[str, Any], fault: Fault | None) -> bytes:
        uri, state = asked["redirect_uri"], asked["state"]
        choice = fault.kind if fault and fault.kind in consent.FAULTS else form.get("choice")
        person = self.provider.person(form.get("person") or self.provider.people[0].id)
        if choice == "refuse" or person is None:
            return consent.back(uri, error="access_denied", error_description="User denied", state=state)
        now = self.sandbox.clock.now()
        agreed = tuple(scope for scope in self._asked_scopes(asked) if scope in form["scope"])
        code = self.provider.new_code(person.id, agreed, uri, asked.get("code_challenge", ""), now)
        if choice == "expired_code":
            self.provider.codes[code].until = now - 1
        elif choice == "used_code":
            self.provider.codes[code].is_used = True
        elif choice == "no_answer":
            return consent.back(uri, state=state)
        return consent.back(uri, code=code, state="another" + state if choice == "wrong_state" else state)

    # calls ---------------------------------------------------------------------------------------

    def _asked(self, scope: Scope, method: str, path: str, body: bytes) -> Asked:
        query = scope["query_string"].decode("latin-1")
        pairs = parse_qsl(query, keep_blank_values=True)
        if header(scope, b"content-type").startswith("application/x-www-form-urlencoded"):
            pairs += parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        bearer = header(scope, b"authorization").removeprefix("Bearer ")
        return Asked(method, path, dict(pairs), bearer, self.sandbox.clock.now())

    def _respond(self, asked: Asked, fault: Fault | None) -> tuple[int, bytes, str]:
        handler = self.find(asked.method, asked.path)
        if handler is None:
            return 404, orjson.dumps({"error": {"message": "Unknown path.", "code": 2500}}), ""
        try:
            if fault is not None and fault.kind == "token_revoked":
                self.revoke_all()
            if fault is not None and fault.kind == "refresh_refused":
                raise self.no_grant("refused")
            return 200, orjson.dumps(handler(asked)), "done"
        except Refused as refusal:
            return refusal.status, orjson.dumps(refusal.body), "refused"

    def revoke_all(self) -> None:
        for person in self.provider.people:
            self.provider.revoke(person.id)

    def take_code(self, asked: Asked) -> tuple[str, tuple[str, ...]]:
        """Person and scopes of a code: good once, for the address that it was sent to, for whoever has the proof."""
        row = self.provider.codes.get(asked.values.get("code", ""))
        if row is None or row.is_used:
            raise self.no_grant("used")
        row.is_used = True
        if row.until <= asked.now:
            raise self.no_grant("expired")
        if row.redirect_uri != asked.values.get("redirect_uri"):
            raise self.no_grant("address")
        if not self.proves(row.challenge, asked.values.get("code_verifier", "")):
            raise self.no_grant("proof")
        self.provider.counts.exchanged += 1
        return row.person, row.scopes

    def proves(self, challenge: str, verifier: str) -> bool:
        """Most take no PKCE."""
        return True

    def no_grant(self, why: str) -> Refused:
        """The vendor's refusal of a code or a refresh token."""
        raise NotImplementedError

    def no_access(self) -> Refused:
        """The vendor's refusal of an access token."""
        raise NotImplementedError

    def opened(self, token: str, now: float) -> Grant:
        row = self.provider.by_access(token, now)
        if row is None:
            raise self.no_access()
        return row

    def _log(
        self, method: str, path: str, status: int, fault: Fault | None, started: float, outcome: str
    ) -> None:
        ms = round((time.perf_counter() - started) * 1000, 3)
        kind = fault.kind if fault else None
        self.sandbox.log.append(
            (self.sandbox.clock.now(), self.name, method, path, status, ms, "", kind, outcome)
        )
