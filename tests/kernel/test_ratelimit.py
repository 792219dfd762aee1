"""Request limits: never more than the limit in any window, whichever thread or process asks."""

import multiprocessing
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings

from huntaze.kernel import ratelimit, redis
from huntaze.kernel.ratelimit import clear, give_back, retry_after, take

AWAY = "redis://127.0.0.1:1/0"


@pytest.fixture
def without_redis(settings: Any) -> Iterator[None]:
    settings.REDIS_URL = AWAY
    ratelimit._own_counts.clear()
    yield
    ratelimit._own_counts.clear()


def most_in_a_window(times: list[float], window: float) -> int:
    """The fullest half-open window [t, t + window) that starts at one of the times."""
    times = sorted(times)
    return max(sum(start <= at < start + window for at in times) for start in times)


def granted_at(key: str) -> list[float]:
    """When each counted request was let through, in ms, as Redis noted it."""
    return [score for _, score in redis.client().zrange(f"rl:{key}", 0, -1, withscores=True)]


def test_the_limit_is_let_through_and_not_one_more() -> None:
    verdicts = [take("k", limit=3) for _ in range(5)]
    assert [item.allowed for item in verdicts] == [True, True, True, False, False]
    assert [item.remaining for item in verdicts] == [2, 1, 0, 0, 0]
    assert {item.limit for item in verdicts} == {3}
    assert 58 < verdicts[-1].reset_after <= 60
    assert 58 < (verdicts[-1].reset_at - datetime.now(UTC)).total_seconds() <= 60
    assert take("other", limit=3).allowed is True


def test_a_refused_request_is_not_counted_and_the_oldest_makes_room() -> None:
    assert [take("k", limit=2, window=0.1).allowed for _ in range(4)] == [True, True, False, False]
    time.sleep(0.11)
    assert [take("k", limit=2, window=0.1).allowed for _ in range(3)] == [True, True, False]


def test_the_key_goes_with_its_window() -> None:
    take("k", limit=1, window=0.05)
    time.sleep(0.06)
    assert redis.client().exists("rl:k") == 0


def _ask_for(seconds: float, url: str, out: Any) -> None:
    """Four threads of one process, as fast as they can; how many requests were let through."""
    settings.REDIS_URL = url
    end = time.monotonic() + seconds

    def ask() -> int:
        passed = 0
        while time.monotonic() < end:
            passed += take("shared", limit=10, window=0.2).allowed
            time.sleep(0.001)
        return passed

    with ThreadPoolExecutor(4) as pool:
        out.put(sum(future.result() for future in [pool.submit(ask) for _ in range(4)]))


def test_it_is_exact_over_threads_and_processes() -> None:
    """The log is watched while eight threads of two processes press against it."""
    context = multiprocessing.get_context("fork")
    out = context.Queue()
    children = [context.Process(target=_ask_for, args=(0.9, settings.REDIS_URL, out)) for _ in range(2)]
    for child in children:
        child.start()
    seen: dict[bytes, float] = {}
    while any(child.is_alive() for child in children):
        seen |= dict(redis.client().zrange("rl:shared", 0, -1, withscores=True))
        time.sleep(0.01)
    granted = out.get() + out.get()
    for child in children:
        child.join()
    assert most_in_a_window(list(seen.values()), 200) == 10
    assert 10 < len(seen) <= granted


def test_looking_before_counting_lets_more_through() -> None:
    """The same log without the script: eight threads that all look before any of them has counted."""
    barrier = threading.Barrier(8)

    def naive(number: int) -> bool:
        has_room = redis.client().zcard("naive") < 1
        barrier.wait(5)
        if has_room:
            redis.client().zadd("naive", {str(number): time.time()})
        return bool(has_room)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(naive, range(8))) == 8
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: take("exact", limit=1).allowed, range(8))) == 1


def test_a_request_given_back_was_never_counted() -> None:
    verdicts = [take("k", limit=2) for _ in range(2)]
    give_back("k", verdicts[0])
    assert len(granted_at("k")) == 1
    assert [take("k", limit=2).allowed for _ in range(2)] == [True, False]


def test_clearing_forgets_everything() -> None:
    take("k", limit=1)
    clear("k")
    assert take("k", limit=1).allowed is True


@pytest.mark.parametrize(("limit", "passed"), [(60, 6), (100, 10), (5, 1), (19, 1), (20, 2)])
def test_without_redis_a_tenth_is_let_through(without_redis: None, limit: int, passed: int) -> None:
    verdicts = [take("k", limit=limit) for _ in range(passed + 5)]
    assert [item.allowed for item in verdicts] == [True] * passed + [False] * 5
    assert {item.limit for item in verdicts} == {passed}
    assert verdicts[-1].remaining == 0


def test_without_redis_threads_share_the_tenth(without_redis: None) -> None:
    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(lambda _: take("k", limit=100), range(64)))
    assert sum(item.allowed for item in verdicts) == 10


def test_without_redis_the_window_moves_on(without_redis: None) -> None:
    assert [take("k", limit=10, window=0.05).allowed for _ in range(2)] == [True, False]
    time.sleep(0.06)
    assert take("k", limit=10, window=0.05).allowed is True


def test_without_redis_success_still_does_not_count(without_redis: None) -> None:
    """A limit of failures: giving back and clearing work on the process' own count."""
    for _ in range(5):
        verdict = take("address", limit=20)
        assert verdict.allowed is True
        give_back("address", verdict)
    take("pair", limit=5)
    clear("pair")
    assert take("pair", limit=5).allowed is True


def test_giving_back_twice_or_too_late_is_no_error(without_redis: None) -> None:
    verdict = take("k", limit=20)
    give_back("k", verdict)
    give_back("k", verdict)
    assert [take("k", limit=20).allowed for _ in range(3)] == [True, True, False]


def test_its_own_counts_stay_few(without_redis: None) -> None:
    for number in range(10_050):
        ratelimit._alone(f"k{number}", 10, 60.0)
    assert len(ratelimit._own_counts) <= 10_000


@pytest.mark.parametrize(("seconds", "header"), [(0.0, 1), (0.2, 1), (1.0, 1), (1.01, 2), (59.3, 60)])
def test_retry_after_is_in_whole_seconds(seconds: float, header: int) -> None:
    verdict = ratelimit.Verdict(False, 1, 0, seconds, datetime.now(UTC))
    assert retry_after(verdict) == header
