"""`Idempotency-Key`: once per member and key for 24 hours, decided by the unique index and nothing else."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.models import IdempotencyRecord
from accounts.selectors import principal_of
from accounts.services.idempotency import IdempotencyStore
from accounts.services.retention import run
from accounts.services.retention.registry import BATCH
from huntaze.kernel import clock
from huntaze.kernel.api import idempotency
from huntaze.kernel.api.idempotency import fingerprint, key_of, replay
from huntaze.kernel.api.principal import Principal
from huntaze.kernel.errors import Conflict, Invalid
from huntaze.kernel.tenancy import cross_workspace, workspace_scope

PRINT, OTHER = fingerprint("POST", "/x", b"1"), fingerprint("POST", "/x", b"2")
STORE = IdempotencyStore()


@pytest.fixture
def who(world: Any) -> Principal:
    with cross_workspace("demo"):
        return principal_of(world.owner, limit=60)


def records() -> int:
    with cross_workspace("demo"):
        return IdempotencyRecord.objects.count()


def age(hours: float) -> None:
    with cross_workspace("demo"):
        IdempotencyRecord.objects.update(created_at=clock.now() - timedelta(hours=hours))


def keep(who: Principal, key: str, body: Any = None) -> bool:
    with workspace_scope(who.workspace_pk), transaction.atomic():
        if not STORE.claim(who, key, PRINT):
            return False
        STORE.complete(who, key, 202, body or {"id": "msg_1"})
        return True


@pytest.mark.parametrize("value", ["a", "x" * 255, "~!#$%&'()*+,-./:;<=>?@[]^_`{|}"])
def test_printable_ascii_is_a_key(value: str) -> None:
    assert key_of(value) == value


@pytest.mark.parametrize("value", ["", " ", "a b", "x" * 256, "é", "a\n", "a\x00", "\x7f"])
def test_anything_else_is_refused(value: str) -> None:
    with pytest.raises(Invalid):
        key_of(value)


def test_no_header_is_no_key() -> None:
    assert key_of(None) is None


def test_method_path_and_body_make_the_request() -> None:
    parts = [("POST", "/x", b"1"), ("PUT", "/x", b"1"), ("POST", "/x1", b""), ("POST", "/x", b"2")]
    assert len({fingerprint(*item) for item in parts}) == 4
    assert fingerprint("POST", "/x", b"1") == PRINT


def test_the_registered_store_is_the_one_of_accounts() -> None:
    assert isinstance(idempotency.store(), IdempotencyStore)


def test_a_new_key_is_claimed_once_and_answers_again(who: Principal) -> None:
    with workspace_scope(who.workspace_pk):
        assert replay(who, "k", PRINT) is None
    assert keep(who, "k") is True
    assert keep(who, "k", {"id": "msg_2"}) is False
    with workspace_scope(who.workspace_pk):
        answer = replay(who, "k", PRINT)
        assert answer is not None
        assert (answer.status, answer.body) == (202, {"id": "msg_1"})
        with pytest.raises(Conflict) as refused:
            replay(who, "k", OTHER)
    assert refused.value.code == "idempotency_mismatch"


def test_keys_are_each_members_own(world: Any, who: Principal) -> None:
    assert keep(who, "k") is True
    for member in (world.manager, world.outsider):
        with cross_workspace("demo"):
            other = principal_of(member, limit=60)
        assert keep(other, "k", {"id": member.public_id}) is True
    assert records() == 3


@pytest.mark.parametrize(("hours", "is_kept"), [(23.9, True), (24.1, False)])
def test_a_key_is_honoured_for_24_hours(who: Principal, hours: float, is_kept: bool) -> None:
    keep(who, "k")
    age(hours)
    with workspace_scope(who.workspace_pk):
        assert (replay(who, "k", PRINT) is not None) is is_kept
    assert keep(who, "k", {"id": "msg_2"}) is not is_kept
    assert records() == 1


def test_answers_are_forgotten_after_25_hours(who: Principal) -> None:
    keep(who, "old")
    age(25.1)
    keep(who, "young")
    assert run.forget("answers", now=clock.now()) == 1
    assert run.forget("answers", now=clock.now()) == 0
    with cross_workspace("demo"):
        assert list(IdempotencyRecord.objects.values_list("key", flat=True)) == ["young"]


def test_more_than_a_batch_is_forgotten_in_one_go(who: Principal) -> None:
    with cross_workspace("demo"):
        IdempotencyRecord.objects.bulk_create(
            IdempotencyRecord(
                workspace_id=who.workspace_pk, membership_id=who.member_pk, key=str(n), fingerprint=PRINT
            )
            for n in range(BATCH + 1)
        )
    age(26)
    assert run.forget("answers", now=clock.now()) == BATCH + 1
    assert records() == 0


def in_thread(work: Callable[[], Any]) -> Any:
    try:
        return work()
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_works_and_the_others_wait_for_it(who: Principal) -> None:
    working = threading.Semaphore(0)

    def slow() -> bool:
        with workspace_scope(who.workspace_pk), transaction.atomic():
            if not STORE.claim(who, "k", PRINT):
                return False
            working.release()
            time.sleep(0.05)
            STORE.complete(who, "k", 202, {})
            return True

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: in_thread(slow), range(8)))
    assert sorted(found) == [False] * 7 + [True]


@pytest.mark.django_db(transaction=True)
def test_when_the_first_fails_the_one_that_waited_does_the_work(who: Principal) -> None:
    claimed = threading.Event()

    def fails() -> None:
        with workspace_scope(who.workspace_pk), transaction.atomic():
            assert STORE.claim(who, "k", PRINT)
            claimed.set()
            time.sleep(0.05)
            transaction.set_rollback(True)

    def waits() -> bool:
        claimed.wait(5)
        return keep(who, "k")

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.submit(in_thread, fails), pool.submit(in_thread, waits)
        first.result()
        assert second.result() is True
    assert records() == 1
