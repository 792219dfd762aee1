"""Five hundred open pages on one process of event streams: its memory, and how soon each hears. `bin/bench streams`.

The process as `Procfile` starts it, sessions as browsers have them, one keep-alive connection a page. What is told is
written as services write it; each page's arrival is timed on the machine's own clock.
"""

import asyncio
import os
import time
from argparse import Namespace
from pathlib import Path
from typing import Any

from bench.kit import house, report

QUICK = {"rounds": 20}
SMOKE = {"streams": 20, "rounds": 2}
#: Tabs of one person; less than the limit of a process.
TABS = 10


def options() -> Namespace:
    parser = report.parser(__doc__)
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=60, help="times something is told to everybody")
    return report.sized(parser, quick=QUICK, smoke=SMOKE)


def measure(chosen: Namespace) -> dict[str, Any]:
    from bench.kit import web

    cookies, workspace = _people(-(-chosen.streams // TABS))
    with house.house() as running:
        port = web.free_port()
        pid = running.start("events", "huntaze.events", HOST="127.0.0.1", EVENTS_PORT=str(port))
        house.wait_for(lambda: web.listens(port), seconds=60, what="the event streams", house=running)
        empty = _resident(pid)
        wanted = [cookies[number // TABS] for number in range(chosen.streams)]
        times, full = asyncio.run(_listen(port, pid, wanted, workspace, chosen.rounds))
    return {
        "benchmark": "streams",
        "machine": report.machine(),
        "streams": chosen.streams,
        "heard": len(times),
        "lost": chosen.streams * chosen.rounds - len(times),
        "memory_empty_mb": round(empty, 1),
        "memory_full_mb": round(full, 1),
        "kilobytes_a_stream": round((full - empty) * 1000 / chosen.streams, 1),
        "told_to_heard_ms": {
            "p50": round(report.at(times, 0.5), 1),
            "p95": round(report.at(times, 0.95), 1),
        },
    }


async def _listen(
    port: int, pid: int, cookies: list[str], workspace: int, rounds: int
) -> tuple[list[float], float]:
    """Milliseconds from telling to each page's hearing, and the process's memory at the end, in MB."""
    from huntaze.kernel.live import Event, post

    times: list[float] = []
    told: dict[str, float] = {}
    heard: asyncio.Queue[None] = asyncio.Queue()

    async def page(cookie: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"GET /events?after=0-0 HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: sessionid={cookie}\r\n\r\n"
        writer.write(head.encode())
        status = await reader.readline()
        assert b" 200 " in status, status
        heard.put_nowait(None)
        while line := await reader.readline():
            if line.startswith(b"event: bench_"):
                times.append((time.perf_counter() - told[line[7:].decode().strip()]) * 1000)
                heard.put_nowait(None)

    pages = []
    for cookie in cookies:
        pages.append(asyncio.create_task(page(cookie)))
        await heard.get()
    for number in range(rounds):
        name = f"bench_{number}"
        told[name] = time.perf_counter()
        post._post.put([Event(workspace, name)])
        for _ in cookies:
            await asyncio.wait_for(heard.get(), 30)
        await asyncio.sleep(0.5)
    memory = _resident(pid)
    for task in pages:
        task.cancel()
    return times, memory


def _people(count: int) -> tuple[list[str], int]:
    """Members of one workspace, signed in; their session cookies and the workspace's key."""
    from accounts.models import Membership, User, Workspace
    from bench.kit import web
    from huntaze.kernel import clock
    from huntaze.kernel.tenancy import workspace_scope

    workspace, cookies = Workspace.objects.create(name="bench"), []
    for number in range(count):
        user = User.objects.create(email=f"bench{time.time_ns()}_{number}@example.test", name="Bench")
        with workspace_scope(workspace.pk):
            Membership.objects.create(user=user, workspace=workspace, role="manager", joined_at=clock.now())
        cookies.append(web.session_of(user)[1])
    return cookies, workspace.pk


def _resident(pid: int) -> float:
    """Resident memory in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    chosen = options()
    house.set_up()
    report.publish(measure(chosen), chosen.json)
