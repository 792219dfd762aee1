"""Gauges about the whole installation, measured by one periodic task and shown alike by every process.

A publisher writes a group of samples with the time of measurement to Redis (`fleet:<group>`); readers leave
out what is older than 60 seconds, so a stopped task shows as a gap and never as an old figure.
"""

import json
import time
from collections.abc import Iterable, Mapping

from huntaze.kernel import redis
from huntaze.kernel.metrics import FLEET

STALE_AFTER_S = 60
Sample = tuple[str, Mapping[str, str], float | None]


def publish(group: str, samples: Iterable[Sample]) -> None:
    """Replace a group's samples: (name declared in `metrics.FLEET`, labels, value). None leaves a sample out.

    Raises KeyError for an undeclared name, ValueError for other labels than declared, RedisError.
    """
    rows = []
    for name, labels, value in samples:
        if set(labels) != set(FLEET[name].labels):
            raise ValueError(f"{name} has the labels {FLEET[name].labels}, not {tuple(labels)}")
        if value is not None:
            rows.append([name, dict(labels), value])
    body = json.dumps({"at": time.time(), "samples": rows})
    pipe = redis.client().pipeline(transaction=True)
    pipe.sadd("fleet:groups", group)
    pipe.set(f"fleet:{group}", body, ex=STALE_AFTER_S)
    pipe.execute()


def collect() -> list[tuple[str, dict[str, str], float]]:
    """All samples that are fresh, sorted by name. Raises RedisError."""
    client = redis.client()
    groups = [redis.text(group) for group in client.smembers("fleet:groups")]
    if not groups:
        return []
    found = []
    for body in client.mget([f"fleet:{group}" for group in groups]):
        if body is None:
            continue
        parsed = json.loads(body)
        if time.time() - parsed["at"] <= STALE_AFTER_S:
            found += [(name, labels, value) for name, labels, value in parsed["samples"] if name in FLEET]
    return sorted(found, key=lambda sample: sample[0])
