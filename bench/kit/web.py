"""The web processes and a client for them that costs as little as Python allows."""

import asyncio
import socket
import time
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.test import Client

from bench.kit.house import House, wait_for


@dataclass
class Answers:
    """Milliseconds of every answer, and what was not as expected."""

    times: list[float] = field(default_factory=list)
    wrong: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.times) / self.seconds


def start(house: House, workers: int = 2, threads: int = 8, **more: str) -> int:
    """gunicorn as it is configured for everybody, with `more` in its environment; returns its port."""
    port = free_port()
    sizes = {"WEB_WORKERS": str(workers), "WEB_THREADS": str(threads), "WEB_DRAIN_SECONDS": "0"} | more
    house.start(
        "web", "gunicorn", "-c", "python:huntaze.gunicorn", "huntaze.wsgi:application",
        HOST="127.0.0.1", PORT=str(port), ALLOWED_HOSTS="127.0.0.1", API_REQUESTS_PER_MINUTE="100000000", **sizes,
    )  # fmt: skip
    wait_for(lambda: listens(port), seconds=60, what="the web server", house=house)
    return port


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as link:
        return link.connect_ex(("127.0.0.1", port)) == 0


def session_of(user: Any) -> tuple[str, str]:
    """Name and value of the cookie of somebody who has just signed in."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    name = settings.SESSION_COOKIE_NAME
    return name, str(client.cookies[name].value)


def request(method: str, path: str, key: str, body: bytes = b"", more: str = "") -> bytes:
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n{more}"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def drive(
    port: int, requests: list[bytes], *, connections: int, seconds: float, status: int, every: float = 0.0
) -> Answers:
    """Send them over this many kept-alive connections until they or the time are over; `every` spaces the starts."""
    answers = Answers()
    started = time.perf_counter()
    asyncio.run(
        _drive(port, requests, connections, started + seconds, f"HTTP/1.1 {status}".encode(), every, answers)
    )
    answers.seconds = time.perf_counter() - started
    return answers


async def _drive(
    port: int,
    requests: list[bytes],
    connections: int,
    end: float,
    good: bytes,
    every: float,
    answers: Answers,
) -> None:
    left = iter(requests)
    spaced = every * connections

    async def lane(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        due = time.perf_counter() + number * every
        for data in left:
            if spaced:
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                due += spaced
            started = time.perf_counter()
            if started >= end:
                break
            writer.write(data)
            head = await reader.readuntil(b"\r\n\r\n")
            size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            body = await reader.readexactly(size)
            answers.times.append((time.perf_counter() - (due - spaced if spaced else started)) * 1000)
            if not head.startswith(good):
                words = (head.split(b"\r\n")[0] + b" " + body[:120]).decode()
                answers.wrong[words] = answers.wrong.get(words, 0) + 1
            if b"connection: close" in head.lower():
                writer.close()
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()

    await asyncio.gather(*(lane(number) for number in range(connections)))
