"""Which limiter lets more arrive than allowed? Ours beside four common ones. `bin/bench limiter --quick`.

The platform counts arrivals; a limiter sees grants and answers, and the network stretches the time between. Every
account always has something to send. Each request takes a random time there and a random time back; arrivals are
counted in every sliding window. Grants run by Redis' own clock, so the time is real and the window is scaled down.
"""

import random
from argparse import Namespace
from typing import Any

from bench.kit import house, report

QUICK = {"accounts": 1000, "seconds": 12.0, "window": 2.0}
SMOKE = {"accounts": 20, "seconds": 0.8, "window": 0.4}


def options() -> Namespace:
    parser = report.parser(__doc__)
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60, help="for each limiter")
    parser.add_argument("--window", type=float, default=2.0)
    parser.add_argument("--limit", type=int, default=10)
    parser.add_argument("--jitter-ms", type=float, nargs=2, default=(20.0, 500.0), metavar=("LOW", "HIGH"))
    return report.sized(parser, quick=QUICK, smoke=SMOKE)


def measure(chosen: Namespace) -> dict[str, Any]:
    from bench.limiters import others, two_phase
    from bench.limiters.drive import Load

    load = Load(
        accounts=chosen.accounts,
        count=chosen.limit,
        window=chosen.window,
        seconds=chosen.seconds,
        latency=(chosen.jitter_ms[0] / 2000, chosen.jitter_ms[1] / 2000),
        draw=random.Random(7),
    )
    found = {
        "two_phase_log": two_phase.run(load),
        **{name: others.run(name, load) for name in others.ALGORITHMS},
    }
    return {
        "benchmark": "limiter",
        "machine": report.machine(),
        "limit": f"{chosen.limit} in {chosen.window:g} s",
        "accounts": chosen.accounts,
        "jitter_ms": list(chosen.jitter_ms),
        "sends": sum(one["sends"] for one in found.values()),
        "limiters": found,
        "violations": found["two_phase_log"]["violations"],
        "max_in_window": found["two_phase_log"]["max_in_window"],
        "efficiency": found["two_phase_log"]["efficiency"],
    }


if __name__ == "__main__":
    chosen = options()
    house.set_up()
    report.publish(measure(chosen), chosen.json)
