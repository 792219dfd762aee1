"""No limit: how fast, and for how much CPU, ours and the two peers put the same messages on the same platform."""

import sys
from collections.abc import Sequence
from typing import Any

from bench.kit import rows
from bench.kit.house import QUIET, House, Sandbox, wait_for
from bench.kit.report import median, ratio
from bench.sending import truth
from bench.sending.mark import Stretch, stretch_of
from messaging.services import scheduler

# The limit is widened by its window. A huge count would make each grant hand out as many slots.
OFF = (10, 0.1)
MOST_ACCOUNTS = 2000
#: The steady stretch: from this share of a run's messages to that one.
FROM, TO = 0.15, 0.9


def run(
    house: House,
    sandbox: Sandbox,
    every_desk: Sequence[rows.Desk],
    *,
    messages: int,
    rounds: int,
    plain: int,
    lanes: Sequence[str] = ("interactive", "bulk"),
) -> dict[str, Any]:
    """Interleaved: ours, raw client, task a message, and again. `messages` and `plain` are for one round."""
    desks = every_desk[:MOST_ACCOUNTS]
    found: dict[str, list[Stretch]] = {name: [] for name in (*lanes, "http_client", "task_per_message")}
    for _ in range(rounds):
        for lane in lanes:
            found[lane].append(ours(house, sandbox, desks, messages, lane))
        found["http_client"].append(_raw(house, sandbox, len(desks), messages))
        found["task_per_message"].append(_plain(house, sandbox, desks, plain))
    rate = {name: median([stretch.rate for stretch in all_of]) for name, all_of in found.items()}
    best = max(rate[lane] for lane in lanes)
    return {
        "rounds": rounds,
        "sends_per_second": {name: round(value) for name, value in rate.items()},
        "cpu_per_message": {name: _cpu(all_of) for name, all_of in found.items()},
        "cores_used": {
            name: round(median([one.spent.cores for one in all_of]), 2) for name, all_of in found.items()
        },
        "cores_used_by_others": {
            name: [one.spent.others for one in all_of] for name, all_of in found.items()
        },
        "cpu_ratio_to_task_per_message": _cpu_ratio(found, lanes, "task_per_message"),
        "cpu_ratio_to_http_client": _cpu_ratio(found, lanes, "http_client"),
        "ratio_to_http_client": ratio(best, rate["http_client"]),
        "ratio_to_task_per_message": ratio(best, rate["task_per_message"]),
        **truth.compare(sandbox, every_desk, messages * rounds),
    }


def _cpu_ratio(found: dict[str, list[Stretch]], lanes: Sequence[str], peer: str) -> float | None:
    """How much more CPU a message costs the peer: the figure that a busy machine spoils least."""
    return ratio(_cpu(found[peer])["all"], min(_cpu(found[lane])["all"] for lane in lanes))


def _cpu(stretches: list[Stretch]) -> dict[str, float]:
    each = [stretch.spent.per(stretch.sends) for stretch in stretches]
    return {name: round(median([one[name] for one in each]), 4) for name in each[0]}


def ours(house: House, sandbox: Sandbox, desks: Sequence[rows.Desk], messages: int, lane: str) -> Stretch:
    already = sandbox.accepted()
    keys = rows.queue(desks, messages // len(desks), lane=lane, priority=5 if lane == "interactive" else 7)
    house.start_engine(SEND_LIMIT_COUNT=str(OFF[0]), SEND_LIMIT_WINDOW_SECONDS=str(OFF[1]))
    scheduler.sweep()
    stretch = _steady(house, sandbox, already, len(keys))
    house.stop_engine()
    return stretch


def _raw(house: House, sandbox: Sandbox, accounts: int, messages: int) -> Stretch:
    """The limit of physics here: aiohttp in one process, nothing but requests."""
    already = sandbox.accepted()
    house.start("client", "bench.peers.http_client", sandbox.url, str(messages), str(accounts))
    stretch = _steady(house, sandbox, already, messages)
    house.stop("client")
    return stretch


def _plain(house: House, sandbox: Sandbox, desks: Sequence[rows.Desk], messages: int) -> Stretch:
    """A Celery task for each message, as it is usually written."""
    already = sandbox.accepted()
    keys = rows.queue(desks, max(1, messages // len(desks)), lane="bulk", priority=7, state="held")
    house.start("enqueue", "bench.peers.plain_celery", str(keys[0]), str(keys[-1]))
    worker = ("-A", "bench.peers.plain_celery", "worker", "-Q", "plain", "-P", "threads", "-c", "24")
    for name in ("celery1", "celery2"):
        house.start(name, "celery", *worker, "-n", f"{name}@%h", "--loglevel", "WARNING", *QUIET)
    stretch = _steady(house, sandbox, already, len(keys))
    house.stop("celery1", "celery2", "enqueue")
    return stretch


def _steady(house: House, sandbox: Sandbox, already: int, count: int) -> Stretch:
    first, last = already + int(count * FROM), already + int(count * TO)
    stretch = stretch_of(house, sandbox, first=first, last=last, seconds=180)
    wait_for(
        lambda: sandbox.accepted() >= already + count, seconds=180, what="the last arrivals", house=house
    )
    print(f"    {stretch.rate:.0f}/s", file=sys.stderr, flush=True)
    return stretch
