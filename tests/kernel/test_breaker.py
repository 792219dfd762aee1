"""The breaker in Redis and its rules in memory go through the same cases."""

import threading
import time
import uuid
from collections.abc import Iterator

import pytest

from huntaze.kernel import redis
from huntaze.kernel.breaker import Breakers
from huntaze.kernel.breaker_rules import Circuit, Limits, State

QUICK = Limits(open_ms=120, max_open_ms=300, probe_ms=200)
NOW = 1_700_000_000_000


@pytest.fixture
def breakers() -> Iterator[Breakers]:
    prefix = f"test-brk-{uuid.uuid4().hex}"
    yield Breakers(prefix, QUICK)
    client = redis.client()
    for key in client.scan_iter(f"{prefix}*"):
        client.delete(key)


@pytest.fixture
def away(settings: object, breakers: Breakers) -> Breakers:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"  # type: ignore[attr-defined]
    return breakers


@pytest.fixture(params=["redis", "memory"])
def either(request: pytest.FixtureRequest, breakers: Breakers) -> Breakers:
    """The same breaker with Redis there and with Redis away."""
    if request.param == "memory":
        request.getfixturevalue("away")
    return breakers


def fail(breakers: Breakers, times: int) -> None:
    for _ in range(times):
        breakers.record("svc", False, 10)


def test_it_starts_closed(either: Breakers) -> None:
    permit = either.allow("svc")
    assert (bool(permit), permit.state, permit.retry_after) == (True, State.CLOSED, None)


def test_it_opens_at_the_fifth_failure_in_a_row(either: Breakers) -> None:
    fail(either, 4)
    assert either.allow("svc").state is State.CLOSED
    fail(either, 1)
    permit = either.allow("svc")
    assert (permit.allowed, permit.state) == (False, State.OPEN)
    assert permit.retry_after is not None
    assert 0 < permit.retry_after <= 0.12


def test_a_success_starts_the_row_again(either: Breakers) -> None:
    fail(either, 4)
    either.record("svc", True, 10)
    fail(either, 4)
    assert either.allow("svc").state is State.CLOSED


def test_it_opens_when_half_of_ten_failed(either: Breakers) -> None:
    for _ in range(4):
        either.record("svc", True, 10)
        either.record("svc", False, 10)
    either.record("svc", True, 10)
    assert either.allow("svc").state is State.CLOSED
    either.record("svc", False, 10)
    assert either.allow("svc").state is State.OPEN


def test_less_than_half_leaves_it_closed(either: Breakers) -> None:
    for _ in range(10):
        either.record("svc", True, 10)
        either.record("svc", True, 10)
        either.record("svc", False, 10)
    assert either.allow("svc").state is State.CLOSED


@pytest.mark.parametrize("reason", ["quota", "auth"])
def test_a_reason_opens_at_once(either: Breakers, reason: str) -> None:
    either.record("svc", False, 10, reason=reason)
    assert either.allow("svc").state is State.OPEN


def test_one_probe_goes_and_its_success_closes(either: Breakers) -> None:
    fail(either, 5)
    time.sleep(0.13)
    assert either.states(["svc"]) == {"svc": State.HALF_OPEN}
    permits = [either.allow("svc").allowed for _ in range(5)]
    assert permits == [True, False, False, False, False]
    either.record("svc", True, 10)
    assert either.allow("svc").state is State.CLOSED
    fail(either, 4)
    assert either.allow("svc").state is State.CLOSED


def test_a_failed_probe_doubles_the_wait_up_to_the_limit(either: Breakers) -> None:
    fail(either, 5)
    waits = []
    for pause in (0.13, 0.25, 0.31):
        time.sleep(pause)
        assert either.allow("svc").allowed
        either.record("svc", False, 10)
        waits.append(either.allow("svc").retry_after)
    assert [0.2 < waits[0] <= 0.24, 0.26 < waits[1] <= 0.3, 0.26 < waits[2] <= 0.3] == [True] * 3


def test_a_lost_probe_is_replaced(either: Breakers) -> None:
    fail(either, 5)
    time.sleep(0.13)
    assert either.allow("svc").allowed
    refused = either.allow("svc")
    assert (refused.allowed, refused.state) == (False, State.HALF_OPEN)
    time.sleep(0.21)
    assert either.allow("svc").allowed


def test_results_of_older_calls_do_not_close_it(either: Breakers) -> None:
    fail(either, 5)
    either.record("svc", True, 10)
    assert either.allow("svc").state is State.OPEN


def test_one_probe_in_the_whole_cluster(breakers: Breakers) -> None:
    fail(breakers, 5)
    time.sleep(0.13)
    granted: list[bool] = []
    barrier = threading.Barrier(16)

    def ask() -> None:
        barrier.wait()
        granted.append(breakers.allow("svc").allowed)

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(granted) == [False] * 15 + [True]


def test_many_states_come_in_one_answer(breakers: Breakers) -> None:
    for _ in range(5):
        breakers.record("svc:7", False)
    found = breakers.states(f"svc:{i}" for i in range(300))
    assert len(found) == 300
    assert [name for name, state in found.items() if state is not State.CLOSED] == ["svc:7"]
    assert breakers.states([]) == {}


def test_asking_many_takes_no_probe(breakers: Breakers) -> None:
    fail(breakers, 5)
    time.sleep(0.13)
    breakers.states(["svc"])
    assert breakers.allow("svc").allowed


def test_the_snapshot_tells_state_reason_and_time(breakers: Breakers) -> None:
    breakers.record("svc", False, 10, reason="quota")
    found = breakers.snapshot("svc")
    assert (found.state, found.failure_count, found.reason, found.probes) == (State.OPEN, 1, "quota", 0)
    assert found.changed_at is not None
    assert abs(found.changed_at.timestamp() - time.time()) < 5


def test_an_unknown_breaker_has_an_empty_snapshot(breakers: Breakers) -> None:
    found = breakers.snapshot("nobody")
    assert (found.state, found.failure_count, found.changed_at, found.reason) == (State.CLOSED, 0, None, None)


def test_services_are_listed_and_parts_are_not(breakers: Breakers) -> None:
    breakers.record("openai", True, 5)
    breakers.record("onlyfans:17", True, 5)
    assert breakers.services() == ["openai"]


def test_keys_expire(breakers: Breakers) -> None:
    fail(breakers, 5)
    assert 0 < redis.client().ttl(breakers._key("svc")) <= 3600


def test_failures_older_than_a_minute_are_forgotten() -> None:
    circuit, limits = Circuit(), Limits(in_a_row=100)
    for _ in range(9):
        circuit.record(False, "", NOW, limits)
    circuit.record(False, "", NOW + 60_000, limits)
    assert circuit.state(NOW + 60_000) is State.CLOSED
    for _ in range(9):
        circuit.record(False, "", NOW + 60_001, limits)
    assert circuit.state(NOW + 60_001) is State.OPEN


def test_the_published_limits() -> None:
    limits, circuit = Limits(), Circuit()
    for _ in range(5):
        circuit.record(False, "", NOW, limits)
    waits, now = [], NOW
    for _ in range(6):
        waits.append(circuit.until - now)
        now = circuit.until
        circuit.allow(now, limits)
        circuit.record(False, "", now, limits)
    assert waits == [30_000, 60_000, 120_000, 240_000, 300_000, 300_000]
