"""The queue's figures with a hundred rows and with a million. `bin/bench status --quick`.

The service call and `GET /api/onlyfans/messaging/status` through gunicorn, one caller at a time. The million is queued
over all accounts of the workspace, beside as many rows that are done. Their texts are one constant that nobody opens.
Every statement's plan is read: a scan of the whole table is a finding.
"""

import statistics
import time
from argparse import Namespace
from typing import Any

from bench.kit import house, report

QUICK = {"rows": 250_000, "done": 50_000, "calls": 30, "seconds": 4.0}
SMOKE = {"rows": 2000, "done": 500, "calls": 5, "seconds": 0.2}
PATH = "/api/onlyfans/messaging/status"
ACCOUNTS, FANS, FEW = 20, 10, 100
CROWD = 10_000


def options() -> Namespace:
    parser = report.parser(__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="queued")
    parser.add_argument("--done", type=int, default=1_000_000, help="sent rows beside them")
    parser.add_argument("--calls", type=int, default=300, help="one at a time")
    parser.add_argument("--seconds", type=float, default=10, help="of eight callers at once")
    return report.sized(parser, quick=QUICK, smoke=SMOKE)


def measure(chosen: Namespace) -> dict[str, Any]:
    from bench.kit import fill, plans, rows, web
    from bench.kit.keys import api_key

    desks = rows.desks([f"acct_bench_{time.time_ns()}_{number}" for number in range(ACCOUNTS)], FANS)
    secret = api_key(desks[0].member)
    found: dict[str, Any] = {"benchmark": "status", "machine": report.machine()}
    with house.house() as running:
        port = web.start(running)
        for name, queued, done in (("few", FEW, 0), ("many", chosen.rows - FEW, chosen.done)):
            fill.fill(desks, queued, "queued")
            fill.fill(desks, done, "sent")
            found[name] = {
                "rows": queued + (FEW if name == "many" else 0),
                "service_ms": report.spread(_calls(desks, chosen.calls), 3),
                "http": _http(web, port, secret, chosen.calls, chosen.seconds),
                "plans": plans.read(lambda: _status(desks)),
            }
    few, many = found["few"], found["many"]
    return found | {
        "ratio": report.ratio(many["service_ms"]["p50"], few["service_ms"]["p50"]),
        "ratio_http": report.ratio(many["http"]["p50"], few["http"]["p50"]),
        "whole_table_scans": many["plans"]["whole_table_scans"],
    }


def _status(desks: Any) -> dict[str, Any]:
    from huntaze.kernel import clock
    from huntaze.kernel.tenancy import workspace_scope
    from messaging.services.status import queue_status

    with workspace_scope(desks[0].workspace):
        return queue_status(account_pks=[desk.account for desk in desks], now=clock.now())


def _calls(desks: Any, count: int) -> list[float]:
    """Milliseconds of each call, the first few left out."""
    times = []
    for _ in range(count + 3):
        started = time.perf_counter()
        _status(desks)
        times.append((time.perf_counter() - started) * 1000)
    return times[3:]


def _http(web: Any, port: int, secret: str, count: int, seconds: float) -> dict[str, Any]:
    requests = [web.request("GET", PATH, secret)] * count
    web.drive(port, requests[:5], connections=1, seconds=30, status=200)
    alone = web.drive(port, requests, connections=1, seconds=60, status=200)
    busy = web.request("GET", PATH, secret)
    warm, crowd = (  # each thread's first calls are left out
        web.drive(port, [busy] * CROWD, connections=8, seconds=seconds, status=200) for _ in range(2)
    )
    return {
        **report.spread(alone.times, 3),
        "requests_per_second_at_8": round(crowd.rate),
        "mean_ms": round(statistics.mean(alone.times), 3),
        "wrong_answers": alone.wrong | warm.wrong | crowd.wrong,
    }


if __name__ == "__main__":
    chosen = options()
    house.set_up()
    report.publish(measure(chosen), chosen.json)
