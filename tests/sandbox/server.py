"""A sandbox in its own process, a small client for it, and a receiver for its webhooks."""

import json
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

ROOT = Path(__file__).resolve().parents[2]
KEY = "ofapi_sandbox_0123456789"
FAN = 1_000_000_000
SECRET = "a signing secret"


@dataclass
class Sandbox:
    """Calls to a running sandbox; `api` below the vendor's prefix, `control` below /_control."""

    url: str
    pid: int
    http: httpx.Client
    account: str = ""
    other: str = ""

    def reset(self, seed: int = 7) -> None:
        self.control("POST", "reset", {"seed": seed, "profile": "test"})
        rows = self.control("GET", "accounts")
        self.account, self.other = rows[0]["id"], rows[1]["id"]

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.http.request(method, f"{self.url}/_control/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def api(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {KEY}", **more.pop("headers", {})}
        path = path.replace("{account}", self.account)
        return self.http.request(
            method, f"{self.url}/onlyfansapi/api{path}", json=body, headers=headers, **more
        )

    def send(
        self, body: Any, *, fan: int = FAN, key: str = "", account: str = "", **more: Any
    ) -> httpx.Response:
        headers = {"idempotency-key": key} if key else {}
        path = f"/{account or self.account}/chats/{fan}/messages"
        return self.api("POST", path, body, headers=headers, **more)

    def fault(self, kind: str, **spec: Any) -> str:
        return str(self.control("POST", "faults", {"kind": kind, **spec})["id"])

    def agree(
        self, address: str, choice: str = "approve", *, person: str = "", scopes: list[str] | None = None
    ) -> dict[str, str]:
        """What a person does on a consent page; the path and the answer that the browser is sent back with."""
        page, _, query = address.partition("?")
        shown = self.http.get(address)
        assert shown.status_code == 200, shown.text
        wanted = re.findall(r'name="scope" value="([^"]+)"', shown.text) if scopes is None else scopes
        form = {"asked": query, "choice": choice, "person": person, "scope": wanted}
        answer = self.http.post(page, data=form)
        assert answer.status_code == 302, answer.text
        back = urlsplit(answer.headers["location"])
        return {"path": back.path, **dict(parse_qsl(back.query))}

    def oauth(self, vendor: str) -> dict[str, Any]:
        return dict(self.control("GET", f"oauth/{vendor}"))

    def sent(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.control("GET", "sent")
        return rows


@contextmanager
def run_sandbox(*options: str) -> Iterator[Sandbox]:
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--profile", "test", *options]
    errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed below, after the process has ended
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("sandbox listening on http://127.0.0.1:"), line
        with httpx.Client(timeout=10, trust_env=False) as client:
            sandbox = Sandbox(line.split()[-1], process.pid, client)
            rows = sandbox.control("GET", "accounts")
            sandbox.account, sandbox.other = rows[0]["id"], rows[1]["id"]
            yield sandbox
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()
        errors.seek(0)
        said = errors.read()
        errors.close()
    assert said == ""


@dataclass
class Receiver:
    """Collects what is posted to it; `statuses` are answered in turn, then 200."""

    url: str = ""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]

    def keys(self) -> list[str | None]:
        return [headers.get("x-ofapi-idempotency-key") for headers, _ in self.got]


@contextmanager
def run_receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def subscribe(sandbox: Sandbox, receiver: Receiver, *events: str, **more: Any) -> str:
    body = {
        "endpoint_url": receiver.url,
        "events": list(events),
        "account_scope": "global",
        "signing_secret": SECRET,
        **more,
    }
    answer = sandbox.api("POST", "/webhooks", body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"]["id"])


def flush(sandbox: Sandbox) -> None:
    assert sandbox.control("POST", "webhooks/flush", {}) == {"flushed": True}
