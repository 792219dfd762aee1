"""A mass message to 100,000 fans while everybody else goes on working. `bin/bench campaign --quick`.

Launched as a person launches it; the workers make its deliveries. Then another account's single messages, A B A B with
none under way, and replies inside the campaign's own account, all from the commit to the request on the wire.
"""

from argparse import Namespace
from typing import Any

from bench.kit import house, report

FANS = 200
#: So many that the single messages of a round stay below every account's own limit.
ACCOUNTS = 60
QUICK = {"rounds": 2, "singles": 80, "replies": 8, "window": 9.0}
SMOKE = {"recipients": 300, "rounds": 1, "singles": 2, "replies": 1, "window": 1.0}


def options() -> Namespace:
    parser = report.parser(__doc__)
    parser.add_argument("--recipients", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3, help="each without and with a campaign")
    parser.add_argument("--singles", type=int, default=200, help="of other accounts in each half of a round")
    parser.add_argument("--replies", type=int, default=30, help="inside the campaign's account, in all")
    parser.add_argument("--limit", type=int, default=10)
    parser.add_argument("--window", type=float, default=60)
    return report.sized(parser, quick=QUICK, smoke=SMOKE)


def measure(chosen: Namespace) -> dict[str, Any]:
    from bench.kit import campaign, rows
    from bench.sending.latency import singles

    queued: list[float] = []
    idle: list[float] = []
    beside: list[float] = []
    within: list[float] = []
    slot = chosen.window / chosen.limit
    with house.house() as running:
        sandbox = running.sandbox(ACCOUNTS, FANS)
        desks = rows.desks(sandbox.account_ids(), FANS)
        busy, others = desks[0], desks[1:]
        to = campaign.audience(chosen.recipients, busy)
        running.start_engine(SEND_LIMIT_COUNT=str(chosen.limit), SEND_LIMIT_WINDOW_SECONDS=str(chosen.window))
        singles(running, sandbox, others, 3, 0.2)
        for _ in range(chosen.rounds):
            idle += singles(running, sandbox, others, chosen.singles, 0.1)
            pk, seconds = campaign.start(to, running)
            queued.append(seconds)
            beside += singles(running, sandbox, others, chosen.singles, 0.1)
            within += singles(running, sandbox, [busy], -(-chosen.replies // chosen.rounds), slot * 2)
            campaign.end(to, pk)
    return {
        "benchmark": "campaign",
        "machine": report.machine(),
        "recipients": chosen.recipients,
        "limit": f"{chosen.limit} in {chosen.window:g} s",
        "queued_after_seconds": [round(seconds, 2) for seconds in queued],
        "queued_per_second": round(chosen.recipients / report.median(queued)),
        "singles": len(beside),
        "idle_ms": report.spread(idle),
        "beside_campaign_ms": report.spread(beside),
        "ratio_beside_campaign": report.ratio(report.at(beside, 0.5), report.at(idle, 0.5)),
        "reply_in_own_campaign_ms": report.spread(within),
        "slot_every_ms": round(slot * 1000),
    }


if __name__ == "__main__":
    chosen = options()
    house.set_up()
    report.publish(measure(chosen), chosen.json)
