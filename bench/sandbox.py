"""Measures the sandbox itself: sends a second, latency, and its CPU for each send. Prints JSON.

`python bench/sandbox.py [--seconds 5] [--connections 16] [--webhooks]`. The client is raw asyncio in this
process (as light as Python allows, so that the server is what is measured); the sandbox is a second
process in the bench profile. With --webhooks a third process receives one webhook for every send.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parent.parent
KEY = "ofapi_sandbox_0123456789"
RECEIVER = """
import asyncio
class R(asyncio.Protocol):
    def connection_made(self, t): self.t, self.b = t, b""
    def data_received(self, d):
        self.b += d
        while True:
            head, cut, rest = self.b.partition(b"\\r\\n\\r\\n")
            if not cut: return
            size = int(head.lower().split(b"content-length: ")[1].split(b"\\r\\n")[0])
            if len(rest) < size: return
            self.b = rest[size:]
            self.t.write(b"HTTP/1.1 200 OK\\r\\ncontent-length: 0\\r\\n\\r\\n")
async def main():
    s = await asyncio.get_running_loop().create_server(R, "127.0.0.1", 0)
    print(s.sockets[0].getsockname()[1], flush=True)
    await s.serve_forever()
asyncio.run(main())
"""


def control(port: int, path: str, body: object = None, key: str = "") -> object:
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json", "authorization": f"Bearer {key}"}
    with urlopen(Request(f"http://127.0.0.1:{port}{path}", data, headers), timeout=60) as answer:
        return json.loads(answer.read())


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def connection(port: int, accounts: list[str], lane: int, end: float, times: list[float]) -> None:
    """Sends one message after the other over one keep-alive connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    number = 0
    while time.perf_counter() < end:
        index = (lane + number) % len(accounts)
        fan = 1_000_000_000 + index * 10_000 + number % 1000
        body = b'{"text":"Hello number %d of lane %d"}' % (number, lane)
        head = (
            f"POST /onlyfansapi/api/{accounts[index]}/chats/{fan}/messages HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Authorization: Bearer {KEY}\r\nIdempotency-Key: {lane}-{number}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        started = time.perf_counter()
        writer.write(head.encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        size = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(size)
        times.append(time.perf_counter() - started)
        if not answer.startswith(b"HTTP/1.1 200"):
            raise SystemExit(answer.decode())
        number += 1
    writer.close()


async def drive(
    port: int, accounts: list[str], connections: int, seconds: float
) -> tuple[list[float], float]:
    times: list[float] = []
    started = time.perf_counter()
    await asyncio.gather(
        *(connection(port, accounts, lane, started + seconds, times) for lane in range(connections))
    )
    return times, time.perf_counter() - started


def measure(options: argparse.Namespace) -> dict[str, object]:
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--profile", "bench"]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    receiver = None
    try:
        assert server.stdout
        port = int(server.stdout.readline().rsplit(":", 1)[1])
        if options.webhooks:
            receiver = subprocess.Popen([sys.executable, "-c", RECEIVER], stdout=subprocess.PIPE, text=True)
            assert receiver.stdout
            url = f"http://127.0.0.1:{int(receiver.stdout.readline())}/hook"
            hook = {
                "endpoint_url": url,
                "events": ["messages.sent"],
                "account_scope": "global",
                "signing_secret": "s",
            }
            control(port, "/onlyfansapi/api/webhooks", hook, KEY)
        accounts = [row["id"] for row in control(port, "/_control/accounts")]  # type: ignore[attr-defined]
        asyncio.run(drive(port, accounts, options.connections, 0.5))
        before = cpu_seconds(server.pid)
        times, took = asyncio.run(drive(port, accounts, options.connections, options.seconds))
        flushed = control(port, "/_control/webhooks/flush", {"timeout": 30})
        after = cpu_seconds(server.pid)
    finally:
        for process in (server, receiver):
            if process is not None:
                process.terminate()
                process.wait()
    times.sort()
    return {
        "webhooks": options.webhooks,
        "connections": options.connections,
        "sends": len(times),
        "sends_per_second": round(len(times) / took),
        "p50_ms": round(times[len(times) // 2] * 1000, 2),
        "p99_ms": round(times[int(len(times) * 0.99)] * 1000, 2),
        "sandbox_cpu_ms_per_send": round((after - before) * 1000 / len(times), 3),
        "webhooks_flushed": flushed["flushed"],  # type: ignore[index]
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--webhooks", action="store_true")
    print(json.dumps(measure(parser.parse_args()), indent=2))


if __name__ == "__main__":
    main()
