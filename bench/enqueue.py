"""Queueing one message through the API, beside a bare INSERT and COMMIT. `bin/bench enqueue --quick`.

gunicorn with 2 workers of 8 threads, an API key, 8 connections, the client on the same cores. Interleaved: the API, the
API with an idempotency key, the bare insert, and again. Then the API at half of its rate, for its latency.
"""

import json
import threading
import time
from argparse import Namespace
from typing import Any

from bench.kit import cpu, house, report

QUICK = {"rounds": 3, "seconds": 5.0}
SMOKE = {"rounds": 1, "seconds": 0.5}
CONNECTIONS = 8
PATH = "/api/onlyfans/messaging/send"
ACCOUNTS, FANS = 40, 10


def options() -> Namespace:
    parser = report.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=12, help="of each part of a round")
    return report.sized(parser, quick=QUICK, smoke=SMOKE)


def measure(chosen: Namespace) -> dict[str, Any]:
    from bench.kit import rows, web
    from bench.kit.keys import api_key

    desks = rows.desks([f"acct_bench_{time.time_ns()}_{number}" for number in range(ACCOUNTS)], FANS)
    desks = [desk for desk in desks if desk.workspace == desks[0].workspace]
    secret = api_key(desks[0].member)
    fans = rows.fan_ids(desks)
    most = int(chosen.seconds * 3000)
    found: dict[str, list[web.Answers]] = {"api": [], "api_with_idempotency_key": []}
    bare: list[float] = []
    spent: list[tuple[int, cpu.Spent]] = []
    with house.house() as running:
        port = web.start(running)
        web.drive(
            port,
            _requests(fans, secret, min(most, 1500) // 15, ""),
            connections=CONNECTIONS,
            seconds=20,
            status=202,
        )
        for turn in range(chosen.rounds):
            for name in found:
                requests = _requests(fans, secret, most, f"{turn}-" if "key" in name else "")
                before = running.read()
                answers = web.drive(
                    port, requests, connections=CONNECTIONS, seconds=chosen.seconds, status=202
                )
                if name == "api":
                    spent.append((len(answers.times), cpu.between(before, running.read())))
                found[name].append(answers)
            bare.append(insert_and_commit(CONNECTIONS, chosen.seconds))
        rate = report.median([answers.rate for answers in found["api"]])
        requests = _requests(fans, secret, most, "")
        half = web.drive(
            port, requests, connections=CONNECTIONS * 2, seconds=chosen.seconds, status=202, every=2 / rate
        )
    return _figures(found, bare, spent, half)


def _requests(fans: list[str], secret: str, count: int, key: str) -> list[bytes]:
    from bench.kit import web

    mark = time.time_ns()
    made = []
    for number in range(count):
        body = json.dumps(
            {"recipientId": fans[number % len(fans)], "content": f"Hey, new set tonight {mark}.{number}"}
        )
        more = f"Idempotency-Key: {key}{mark}-{number}\r\n" if key else ""
        made.append(web.request("POST", PATH, secret, body.encode(), more))
    return made


def insert_and_commit(connections: int, seconds: float) -> float:
    """Rows a second: one row of a message's size and one commit at a time on each connection."""
    import psycopg
    from django.db import connection

    settings = connection.get_connection_params()
    place = {
        name: settings[name] for name in ("dbname", "user", "password", "host", "port") if settings.get(name)
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS bench_bare (id bigserial PRIMARY KEY, body text, at timestamptz)"
        )
    counts = [0] * connections
    end = time.perf_counter() + seconds

    def work(number: int) -> None:
        with psycopg.connect(**place, autocommit=True) as link:
            while time.perf_counter() < end:
                link.execute("INSERT INTO bench_bare (body, at) VALUES (%s, now())", ["x" * 300])
                counts[number] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE bench_bare")
    return sum(counts) / seconds


def _figures(
    found: dict[str, Any], bare: list[float], spent: list[tuple[int, cpu.Spent]], half: Any
) -> dict[str, Any]:
    rate = {name: report.median([one.rate for one in answers]) for name, answers in found.items()}
    every = {name: [value for one in answers for value in one.times] for name, answers in found.items()}
    wrong = [words for answers in found.values() for one in answers for words in one.wrong.items()]
    count = sum(number for number, _ in spent)
    each = [one.per(number) for number, one in spent]
    return {
        "benchmark": "enqueue",
        "machine": report.machine(),
        "rounds": len(bare),
        "connections": CONNECTIONS,
        "requests_per_second": {name: round(value) for name, value in rate.items()},
        "latency_ms": {name: report.spread(values) for name, values in every.items()},
        "at_half_rate": {"requests_per_second": round(half.rate), **report.spread(half.times)},
        "bare_inserts_per_second": round(report.median(bare)),
        "ratio_to_bare_insert": report.ratio(rate["api"], report.median(bare)),
        "cpu_per_request": {name: round(report.median([one[name] for one in each]), 3) for name in each[0]},
        "cores_used": round(report.median([one.cores for _, one in spent]), 2),
        "cores_used_by_others": [one.others for _, one in spent],
        "requests": count,
        "wrong_answers": dict(wrong) | half.wrong,
    }


if __name__ == "__main__":
    chosen = options()
    house.set_up()
    report.publish(measure(chosen), chosen.json)
