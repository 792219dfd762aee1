"""The process of the event streams in a thread of the test, and a browser's side of a stream, over real HTTP."""

import asyncio
import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn

#: A stream that says nothing for so long fails the test.
PATIENCE_S = 10.0


@contextmanager
def serving(application: Any, port: int = 0) -> Iterator[int]:
    """Runs an ASGI application; gives the port."""
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(("127.0.0.1", port))
        config = uvicorn.Config(
            application, log_config=None, access_log=False, lifespan="on", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([door])), daemon=True)
        thread.start()
        while not server.started:
            thread.join(0.01)
            assert thread.is_alive(), "the server did not start"
        try:
            yield door.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(PATIENCE_S)


@dataclass
class Tab:
    """One open page's stream; `id` is the last position it was told."""

    port: int
    cookie: str = ""
    after: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    id: str = ""

    def __post_init__(self) -> None:
        self._link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        path = "/events" if self.after is None else f"/events?after={self.after}"
        self._link.request(
            "GET", path, headers={"Cookie": f"other=1; sessionid={self.cookie}"} | self.headers
        )
        self.answer = self._link.getresponse()

    def events(self, until: str) -> list[str]:
        """Names as they come, up to and with `until`, or the end of the stream."""
        names: list[str] = []
        while until not in names:
            line = self.answer.readline().decode().rstrip("\n")
            if line.startswith("event: "):
                names.append(line.removeprefix("event: "))
            elif line.startswith("id: "):
                self.id = line.removeprefix("id: ")
            elif not line and self.answer.isclosed():
                break
        while line and not self.answer.isclosed():  # to the end of the last event, for its id
            line = self.answer.readline().decode().rstrip("\n")
            if line.startswith("id: "):
                self.id = line.removeprefix("id: ")
        return names

    def close(self) -> None:
        self.answer.close()
        self._link.close()
