"""Signs of life of workers, beat and event streams, in Redis: `hb:worker:<queue>`, `hb:beat` and `hb:events`, each a
Unix time.

They are written by the consumer's own timer and by beat's own publishing, not by a thread beside them: a
process that hangs falls silent.
"""

import time
from collections.abc import Iterable

from django.conf import settings

from huntaze.kernel import redis

EVERY_S = 10
SILENT_AFTER_S = 60
_KEPT_S = 86_400
DEFAULT_QUEUES = ("default", "webhooks", "send")


def expected_queues() -> tuple[str, ...]:
    """Queues that must have a consumer: `settings.WORKER_QUEUES`, else default, webhooks and send."""
    return tuple(getattr(settings, "WORKER_QUEUES", DEFAULT_QUEUES))


def worker_heartbeat(queues: Iterable[str]) -> None:
    """Say that these queues are being consumed right now. Raises RedisError."""
    pipe = redis.client().pipeline(transaction=False)
    for queue in queues:
        pipe.set(f"hb:worker:{queue}", int(time.time()), ex=_KEPT_S)
    pipe.execute()


def beat_heartbeat() -> None:
    """Say that beat has just ticked. Raises RedisError."""
    redis.client().set("hb:beat", int(time.time()), ex=_KEPT_S)


def events_heartbeat() -> None:
    """Say that event streams are being served right now. Raises RedisError."""
    redis.client().set("hb:events", int(time.time()), ex=_KEPT_S)


def events_age() -> float | None:
    """Seconds since the last sign of a process of event streams, None without one for a day. Raises RedisError."""
    return _age(redis.client().get("hb:events"))


def queue_ages() -> dict[str, float | None]:
    """Seconds since each expected queue's last sign, None without one for a day. Raises RedisError."""
    queues = expected_queues()
    found = redis.client().mget([f"hb:worker:{queue}" for queue in queues])
    return {queue: _age(stamp) for queue, stamp in zip(queues, found, strict=True)}


def beat_is_alive() -> bool:
    """Whether beat ticked in the last 60 s. Raises RedisError."""
    age = _age(redis.client().get("hb:beat"))
    return age is not None and age <= SILENT_AFTER_S


def _age(stamp: bytes | str | None) -> float | None:
    return None if stamp is None else max(0.0, round(time.time() - float(stamp), 1))
