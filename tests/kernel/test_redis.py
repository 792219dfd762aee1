"""One client per process, scripts that survive a flush, and a cache that survives an outage."""

import os
import time
import uuid

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from huntaze.kernel import metrics, redis, tally

AWAY = "redis://127.0.0.1:1/0"


@pytest.fixture
def key() -> str:
    return f"test-{uuid.uuid4().hex}"


def test_the_client_is_one_and_answers_bytes(key: str) -> None:
    client = redis.client()
    assert redis.client() is client
    client.set(key, "ü", px=1000)
    assert client.get(key) == "ü".encode()


def test_a_child_process_gets_its_own_client(key: str) -> None:
    parent = redis.client()
    parent.set(key, "from the parent", px=5000)
    child = os.fork()
    if child == 0:
        fine = redis.client() is not parent and redis.client().get(key) == b"from the parent"
        os._exit(0 if fine else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert parent.get(key) == b"from the parent"


def test_a_script_survives_a_flush_and_runs_in_pipelines(key: str) -> None:
    script = redis.script("return redis.call('incrby', KEYS[1], ARGV[1])")
    assert script([key], [2]) == 2
    redis.client().script_flush()
    assert script([key], [3]) == 5
    redis.client().script_flush()
    pipe = redis.client().pipeline()
    script([key], [1], on=pipe)
    script([key], [1], on=pipe)
    assert pipe.execute() == [6, 7]
    redis.client().delete(key)


def test_the_client_says_at_once_when_redis_is_away(settings: object) -> None:
    settings.REDIS_URL = AWAY  # type: ignore[attr-defined]
    started = time.monotonic()
    with pytest.raises(RedisConnectionError):
        redis.client().get("x")
    assert time.monotonic() - started < 0.5


def cache(url: str) -> redis.TolerantRedisCache:
    return redis.TolerantRedisCache(url, {"KEY_PREFIX": uuid.uuid4().hex})


def test_the_cache_keeps_values(settings: object) -> None:
    found = cache(settings.REDIS_URL)  # type: ignore[attr-defined]
    found.set("a", {"b": [1]}, 30)
    assert found.get("a") == {"b": [1]}
    assert found.get_many(["a", "z"]) == {"a": {"b": [1]}}
    assert found.add("a", 1) is False
    assert found.get("z", "default") == "default"
    found.delete("a")
    assert found.has_key("a") is False


def test_a_stored_none_is_a_hit(settings: object) -> None:
    found = cache(settings.REDIS_URL)  # type: ignore[attr-defined]
    found.set("n", None, 30)
    assert found.get("n", "default") is None


def test_an_unreachable_redis_looks_like_an_empty_cache() -> None:
    away = cache(AWAY)
    assert away.get("a", "default") == "default"
    assert away.get_many(["a"]) == {}
    assert away.set_many({"a": 1}) == ["a"]
    assert (away.add("a", 1), away.touch("a"), away.delete("a"), away.has_key("a")) == (False,) * 4
    away.set("a", 1)
    away.delete_many(["a"])
    with pytest.raises(ValueError, match="reached"):
        away.incr("a")


def errors(operation: str) -> float:
    return metrics.CACHE_ERRORS.labels(operation)._value.get()


def test_errors_hits_and_misses_are_counted(settings: object) -> None:
    tally.drain()
    before = errors("get")
    cache(AWAY).get("a")
    assert errors("get") == before + 1
    found = cache(settings.REDIS_URL)  # type: ignore[attr-defined]
    found.set("a", 1, 30)
    found.get("a")
    found.get_many(["a", "b", "c"])
    sums, _ = tally.drain()
    assert (sums["cache.hits"], sums["cache.misses"]) == (2, 3)
