"""Breakers of the parts of a service: batched, and free of charge for parts without trouble."""

import threading
import time
import uuid
from collections.abc import Iterator

import pytest

from huntaze.kernel import redis
from huntaze.kernel.breaker import Breakers
from huntaze.kernel.breaker_parts import Parts, Verdict
from huntaze.kernel.breaker_rules import Limits, State
from tests.kernel.redis_calls import scripts

QUICK = Limits(open_ms=120, max_open_ms=300, probe_ms=200)


@pytest.fixture
def prefix() -> Iterator[str]:
    name = f"test-brk-{uuid.uuid4().hex}"
    yield name
    for key in redis.client().scan_iter(f"{name}*"):
        redis.client().delete(key)


@pytest.fixture
def parts(prefix: str) -> Parts:
    return Parts("svc", prefix, QUICK)


def fail(parts: Parts, part: int, times: int) -> dict[int, float]:
    return parts.tell([(part, False)] * times)


def test_it_opens_one_part_at_the_fifth_failure_in_a_row_and_no_other(parts: Parts) -> None:
    assert fail(parts, 7, 4) == {}
    assert list(fail(parts, 7, 1)) == [7]
    assert list(parts.verdicts([6, 7, 8])) == [7]
    assert parts.not_closed() == [7]


def test_a_success_between_starts_the_row_again(parts: Parts) -> None:
    assert parts.tell([(7, False)] * 4 + [(7, True)] + [(7, False)] * 4) == {}


def test_half_of_ten_since_the_first_failure_opens_it(parts: Parts) -> None:
    turns = [(7, False), (7, True)] * 4 + [(7, True)]
    assert parts.tell(turns) == {}
    assert list(parts.tell([(7, False)])) == [7]


def test_results_of_many_parts_in_one_batch_are_kept_apart(parts: Parts) -> None:
    turns = [(part, part != 3) for _ in range(5) for part in range(1, 6)]
    assert list(parts.tell(turns)) == [3]


def test_successes_without_a_failure_leave_no_key(parts: Parts, prefix: str) -> None:
    parts.tell([(part, True) for part in range(500)])
    assert (list(redis.client().scan_iter(f"{prefix}*")), parts.has_trouble()) == ([], False)


def test_a_batch_costs_one_call_however_many_fail(parts: Parts) -> None:
    fail(parts, 1, 1)
    with scripts() as ran:
        parts.tell([(part % 50, False) for part in range(1000)])
    assert len(ran) == 1


def test_one_probe_goes_and_its_success_closes(parts: Parts) -> None:
    fail(parts, 7, 5)
    time.sleep(0.13)
    asked = [parts.admit([7])[7].may_probe for _ in range(5)]
    assert asked == [True, False, False, False, False]
    assert parts.tell([(7, True)]) == {}
    assert (parts.admit([7]), parts.has_trouble()) == ({}, False)


def test_a_failed_probe_opens_it_for_twice_as_long(parts: Parts) -> None:
    first = fail(parts, 7, 5)[7]
    time.sleep(0.13)
    assert parts.admit([7])[7].may_probe
    second = fail(parts, 7, 1)[7]
    assert (0.1 < first <= 0.12, 0.2 < second <= 0.24) == (True, True)


def test_a_probe_that_was_not_used_goes_to_the_next(parts: Parts) -> None:
    fail(parts, 7, 5)
    time.sleep(0.13)
    assert parts.admit([7])[7].may_probe
    parts.unused([7])
    assert parts.admit([7])[7] == Verdict(State.HALF_OPEN, 0.0)


def test_asking_takes_no_probe(parts: Parts) -> None:
    fail(parts, 7, 5)
    time.sleep(0.13)
    assert [parts.verdicts([7])[7].may_probe for _ in range(3)] == [True, True, True]


def test_one_probe_in_the_whole_cluster(parts: Parts) -> None:
    fail(parts, 7, 5)
    time.sleep(0.13)
    granted: list[bool] = []
    barrier = threading.Barrier(16)

    def ask() -> None:
        barrier.wait()
        granted.append(parts.admit([7])[7].may_probe)

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(granted) == [False] * 15 + [True]


def test_the_service_opens_only_when_several_parts_fail(parts: Parts, prefix: str) -> None:
    service = Breakers(prefix, QUICK)

    def all_fail(part: int, times: int) -> State:
        fail(parts, part, times)
        service.record_all("svc", [(False, 1.0)] * times, least_failing_parts=3)
        return service.states(["svc"])["svc"]

    assert all_fail(1, 20) is State.CLOSED
    assert all_fail(2, 20) is State.CLOSED
    assert all_fail(3, 1) is State.OPEN
