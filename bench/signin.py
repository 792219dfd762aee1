"""Does the time of an answer tell whether somebody has an account? `bin/bench signin --quick`.

Tries through gunicorn with the real Argon2 hasher, one at a time, the kinds in turn and shuffled, each try of an
address and for a mail of its own, so that no limit answers instead. What is compared are medians: of a wrong password,
of a mail that nobody has, of somebody who was switched off and gave the right password; and of asking for a new
password for a known and an unknown mail. `worst_ratio` is the slowest kind's median by the fastest's, in the same run.
"""

import json
import random
from argparse import Namespace
from collections.abc import Callable
from typing import Any

from bench.kit import house, report

HASHER = "django.contrib.auth.hashers.Argon2PasswordHasher"
PASSWORD, WRONG = "Correct-horse-7", "Wrong-horse-8"
SIGN_IN, RESET = "/api/auth/signin", "/api/auth/password/reset"
#: Tries of each kind, and as many that are thrown away first.
QUICK = {"tries": 100}
SMOKE = {"tries": 4}
WARM = 5


def options() -> Namespace:
    parser = report.parser(__doc__)
    parser.add_argument("--tries", type=int, default=200, help="of each kind")
    return report.sized(parser, quick=QUICK, smoke=SMOKE)


def measure(chosen: Namespace) -> dict[str, Any]:
    from bench.kit import web

    count = chosen.tries + WARM
    people("bench-known", count, is_active=True)
    people("bench-off", count, is_active=False)
    with house.house() as running:
        port = web.start(running, workers=1, threads=2, TRUSTED_PROXY_COUNT="1", PASSWORD_HASHER=HASHER)
        sign_in = timed(
            port,
            SIGN_IN,
            401,
            count,
            {
                "wrong_password": lambda number: _try("bench-known", number, WRONG),
                "unknown_mail": lambda number: _try("bench-nobody", number, WRONG),
                "inactive": lambda number: _try("bench-off", number, PASSWORD),
            },
        )
        reset = timed(
            port,
            RESET,
            202,
            count,
            {
                "known_mail": lambda number: {"email": _mail("bench-known", number)},
                "unknown_mail": lambda number: {"email": _mail("bench-nobody", number)},
            },
        )
    return {
        "benchmark": "signin",
        "machine": report.machine(),
        "tries": chosen.tries,
        "sign_in": sign_in,
        "reset": reset,
    }


def people(prefix: str, count: int, *, is_active: bool) -> None:
    """Persons with the same password, hashed once as the web processes hash."""
    from django.contrib.auth.hashers import make_password

    from accounts.models import User

    User.objects.filter(email__startswith=prefix).delete()
    hashed = make_password(PASSWORD)
    assert hashed.startswith("argon2$"), hashed[:10]
    User.objects.bulk_create(
        User(email=_mail(prefix, number), name="Bench", password=hashed, is_active=is_active)
        for number in range(count)
    )


def timed(
    port: int, path: str, status: int, count: int, kinds: dict[str, Callable[[int], dict[str, Any]]]
) -> dict[str, Any]:
    """Milliseconds of each kind, in rounds of one try of each in any order."""
    from bench.kit import web

    order = [(kind, number) for number in range(count) for kind in random.sample(list(kinds), len(kinds))]
    requests = [
        web.request("POST", path, "none", json.dumps(kinds[kind](number)).encode(), _from(path, place))
        for place, (kind, number) in enumerate(order)
    ]
    found = web.drive(port, requests, connections=1, seconds=600, status=status)
    assert len(found.times) == len(order), "not every try was answered"
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    for (kind, _number), milliseconds in zip(
        order[WARM * len(kinds) :], found.times[WARM * len(kinds) :], strict=True
    ):
        times[kind].append(milliseconds)
    medians = {kind: report.median(values) for kind, values in times.items()}
    return {
        "ms": {kind: report.spread(values, 3) for kind, values in times.items()},
        "worst_ratio": round(max(medians.values()) / min(medians.values()), 4),
        "worst_difference_ms": round(max(medians.values()) - min(medians.values()), 3),
        "wrong_answers": found.wrong,
    }


def _mail(prefix: str, number: int) -> str:
    return f"{prefix}.{number:06}@example.test"


def _try(prefix: str, number: int, password: str) -> dict[str, Any]:
    return {"email": _mail(prefix, number), "password": password}


def _from(path: str, place: int) -> str:
    """The header by which each try comes from an address of its own."""
    net = 20 if path == SIGN_IN else 21
    return f"X-Forwarded-For: {net}.{place >> 16 & 255}.{place >> 8 & 255}.{place & 255}\r\n"


if __name__ == "__main__":
    chosen = options()
    house.set_up(PASSWORD_HASHER=HASHER)
    report.publish(measure(chosen), chosen.json)
