"""Ours beside BullMQ, procrastinate and django-post-office. `bin/bench queues --install --quick`.

Enqueue: a campaign becomes its deliveries, against as many jobs of each queue. Process: messages put on the same
platform with no limit, two pumps against one worker process of each; post-office sends nowhere, its best case. Limit:
BullMQ's own limiter, a queue for each account, arrivals counted in sliding windows. Interleaved, medians.
"""

import json
import os
import subprocess
from argparse import Namespace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from bench.kit import house, report

QUICK = {"rounds": 1, "rows": 100_000, "messages": 4000, "limited": 100}
SMOKE = {"rounds": 1, "rows": 200, "messages": 40, "limited": 3}
PEERS = house.ROOT / "bench" / "peers"
PLACE = house.ROOT / "var" / "peers"
PYTHON = PLACE / "venv" / "bin" / "python"
NODE = PLACE / "node"
NAMES = ("bullmq", "procrastinate", "post_office")


def options() -> Namespace:
    parser = report.parser(__doc__)
    parser.add_argument("--install", action="store_true", help="install the peers into var/peers first")
    parser.add_argument("--peers", default=",".join(NAMES), help="those to run, with commas between")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=100_000, help="enqueued in a round")
    parser.add_argument("--messages", type=int, default=10_000, help="processed in a round")
    parser.add_argument("--limited", type=int, default=300, help="accounts under BullMQ's limiter")
    return report.sized(parser, quick=QUICK, smoke=SMOKE)


def install() -> None:
    """Both package managers check every file against the hashes that are kept here."""
    PLACE.mkdir(parents=True, exist_ok=True)
    subprocess.run(["python3", "-m", "venv", str(PLACE / "venv")], check=True)
    wanted = str(house.ROOT / "bench" / "requirements-peers.txt")
    subprocess.run([str(PYTHON), "-m", "pip", "install", "-q", "--require-hashes", "-r", wanted], check=True)
    NODE.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        (NODE / name).write_bytes((PEERS / name).read_bytes())
    options = ["--no-save", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(["npm", "install", *options], cwd=NODE, check=True)


class Peers:
    """Runs the peers' programs; one that is not installed or not wanted answers None."""

    def __init__(self, wanted: str, url: str) -> None:
        self.wanted, self.url = wanted.split(","), url

    def run(self, name: str, mode: str, *values: object) -> dict[str, float] | None:
        if name == "bullmq":
            redis = urlsplit(os.environ["REDIS_URL"])
            program = [str(PEERS / "bullmq.mjs"), str(redis.port), unquote(redis.password or "")]
            command, is_there = ["node", *program], (NODE / "node_modules").is_dir()
        else:
            command, is_there = [str(PYTHON), str(PEERS / f"{name}_peer.py")], PYTHON.exists()
        if not is_there or name not in self.wanted:
            return None
        folder = NODE if name == "bullmq" else house.ROOT
        env = os.environ | {"PLATFORM_KEY": house.KEY}
        done = subprocess.run(
            [*command, mode, *map(str, values)],
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
            timeout=900,
        )
        if done.returncode:
            raise SystemExit(f"{name} {mode}: {done.stderr[-2000:]}")
        found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
        return found


def measure(chosen: Namespace) -> dict[str, Any]:
    from bench.kit import campaign, rows
    from bench.sending import flood

    enqueued: dict[str, list[float]] = {name: [] for name in ("ours", *NAMES)}
    processed: dict[str, list[float]] = {name: [] for name in ("ours", *NAMES)}
    with house.house() as running:
        sandbox = running.sandbox(200, 10)
        desks = rows.desks(sandbox.account_ids(), 10)
        senders = desks[: max(1, chosen.messages // 10)]
        peers = Peers(
            chosen.peers,
            f"{sandbox.url}/onlyfansapi/api/{sandbox.account_ids()[0]}/chats/{house.FAN}/messages",
        )
        audience = campaign.audience(chosen.rows)
        for _ in range(chosen.rounds):
            enqueued["ours"].append(chosen.rows / campaign.expand(audience))
            for name in NAMES:
                _add(enqueued[name], peers.run(name, "enqueue", chosen.rows), chosen.rows)
            processed["ours"].append(
                flood.ours(running, sandbox, senders, chosen.messages, "interactive").rate
            )
            running.stop_engine()
            for name in NAMES:
                _add(processed[name], peers.run(name, "process", chosen.messages, peers.url), chosen.messages)
        limited = peers.run("bullmq", "limit", chosen.limited, 10, 2000, 2 if chosen.smoke else 20)
    return _figures(enqueued, processed, limited)


def _add(rates: list[float], answer: dict[str, float] | None, count: int) -> None:
    if answer is not None:
        rates.append(count / answer["seconds"])


def _figures(
    enqueued: dict[str, list[float]], processed: dict[str, list[float]], limited: Any
) -> dict[str, Any]:
    figures: dict[str, Any] = {"benchmark": "queues", "machine": report.machine()}
    for word, rates in (("enqueued", enqueued), ("processed", processed)):
        middle = {name: report.median(values) for name, values in rates.items() if values}
        figures[f"{word}_per_second"] = {name: round(value) for name, value in middle.items()}
        figures[f"{word}_ratio_ours_to"] = {
            name: report.ratio(middle["ours"], value) for name, value in middle.items() if name != "ours"
        }
    figures["not_run"] = sorted(name for name, values in enqueued.items() if not values)
    figures["bullmq_limiter_10_in_2_s"] = limited
    return figures


def needed() -> list[Path]:
    return [PYTHON, NODE / "node_modules"]


if __name__ == "__main__":
    chosen = options()
    if chosen.install and not all(path.exists() for path in needed()):
        install()
    house.set_up()
    report.publish(measure(chosen), chosen.json)
