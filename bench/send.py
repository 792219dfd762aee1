"""The send engine whole: Celery workers, PostgreSQL, Valkey, the sandbox as the platform. `bin/bench send --quick`.

Three parts. `latency`: single messages on an idle system, beside another account's backlog, and as replies inside a
campaign. `capped`: every account at its cap by the real clock, arrivals counted at the platform. `flood`: no limit,
against a raw aiohttp client and a task for each message, interleaved; it comes last, because it exceeds the limit.
"""

from argparse import Namespace
from typing import Any

from bench.kit import house, report

PARTS = ("latency", "capped", "flood")
QUICK = {"accounts": 1500, "seconds": 18.0, "window": 9.0, "messages": 4000, "plain": 450, "rounds": 1, "singles": 20,
         "backlog": 25_000, "replies": 5, "settle": 9.0}  # fmt: skip
SMOKE = {"accounts": 20, "seconds": 1.0, "window": 1.0, "messages": 40, "plain": 20, "rounds": 1, "singles": 2,
         "backlog": 40, "replies": 0, "settle": 0.5}  # fmt: skip
#: What an account's queue is spread over: at least as many as may be in flight at once.
FANS = 10


def options() -> Namespace:
    parser = report.parser(__doc__)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=180, help="measured part of `capped`")
    parser.add_argument("--window", type=float, default=60)
    parser.add_argument("--limit", type=int, default=10)
    parser.add_argument(
        "--settle", type=float, default=60, help="left out before the measured part of `capped`"
    )
    parser.add_argument("--lane", choices=("bulk", "interactive"), default="bulk", help="of `capped`")
    parser.add_argument("--latency-ms", type=float, default=50)
    parser.add_argument(
        "--messages", type=int, default=40_000, help="of ours and the client in one round of `flood`"
    )
    parser.add_argument("--plain", type=int, default=6000, help="of task a message in one round of `flood`")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--singles", type=int, default=200)
    parser.add_argument("--backlog", type=int, default=100_000)
    parser.add_argument("--replies", type=int, default=30)
    parser.add_argument("--only", action="append", choices=PARTS)
    parser.add_argument(
        "--limit-off", action="store_const", dest="only", const=["flood"], help="--only flood"
    )
    return report.sized(parser, quick=QUICK, smoke=SMOKE)


def measure(chosen: Namespace) -> dict[str, Any]:
    from bench.kit import rows
    from bench.sending import capped, flood, latency

    found: dict[str, Any] = {"benchmark": "send", "machine": report.machine()}
    parts = chosen.only or PARTS
    with house.house() as running:
        sandbox = running.sandbox(chosen.accounts, FANS, chosen.latency_ms)
        desks = rows.desks(sandbox.account_ids(), FANS)
        if "latency" in parts:
            sizes = {"count": chosen.singles, "backlog": chosen.backlog, "replies": chosen.replies}
            limit = (chosen.limit, chosen.window)
            found["latency"] = latency.run(running, sandbox, desks[:200], limit=limit, **sizes)
        if "capped" in parts:
            cap = capped.Cap(chosen.limit, chosen.window, chosen.seconds, chosen.settle, chosen.lane)
            found["capped"] = capped.run(running, sandbox, desks, cap)
        if "flood" in parts:
            sizes = {"messages": chosen.messages, "rounds": chosen.rounds, "plain": chosen.plain}
            lanes = ("interactive",) if chosen.smoke else ("interactive", "bulk")
            found["flood"] = flood.run(running, sandbox, desks, lanes=lanes, **sizes)
    return found | summary(found)


def summary(found: dict[str, Any]) -> dict[str, Any]:
    """The figures by which the product's goals are judged, on one level."""
    capped, flood, latency = (found.get(part, {}) for part in ("capped", "flood", "latency"))
    return {
        "limit": capped.get("limit"),
        "violations": capped.get("violations"),
        "max_in_window": capped.get("max_in_window"),
        "efficiency": capped.get("efficiency"),
        "lost": sum(part.get("lost", 0) for part in (capped, flood)),
        "duplicated": sum(part.get("duplicated", 0) for part in (capped, flood)),
        "sends_per_second": capped.get("sends_per_second"),
        "cpu_per_message": capped.get("cpu_per_message"),
        "cores_used": capped.get("cores_used"),
        "sends_per_second_without_limit": flood.get("sends_per_second"),
        "ratio_to_http_client": flood.get("ratio_to_http_client"),
        "ratio_to_task_per_message": flood.get("ratio_to_task_per_message"),
        "cpu_ratio_to_task_per_message": flood.get("cpu_ratio_to_task_per_message"),
        "idle_latency_ms": latency.get("idle_ms"),
        "ratio_beside_backlog": latency.get("ratio_beside_backlog"),
    }


if __name__ == "__main__":
    chosen = options()
    house.set_up()
    report.publish(measure(chosen), chosen.json)
