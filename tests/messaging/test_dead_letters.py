"""Retry, cancel, "it arrived", "send again": from the right state, from every wrong one, and twice at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from accounts.models import AuditEvent
from accounts.services.audit import Actor
from huntaze.kernel import clock, redis
from huntaze.kernel.errors import Conflict
from huntaze.kernel.tenancy import cross_workspace
from messaging.errors import NotFailed, NotUncertain, TooLate
from messaging.models import Conversation, Delivery
from messaging.services import status
from messaging.services.dead_letters import cancel, discard_failed, it_arrived, retry_failed, send_again
from messaging.types import DeliveryState
from tests.factories.messaging import delivery

#: service: (states it works from, state it leads to, refusal, audit action)
SERVICES: dict[Callable[..., Any], tuple[set[str], str, type[Conflict], str]] = {
    retry_failed: ({"failed"}, "queued", NotFailed, "message.retried"),
    discard_failed: ({"failed"}, "cancelled", NotFailed, "message.discarded"),
    cancel: ({"held", "scheduled", "queued"}, "cancelled", TooLate, "message.cancelled"),
    it_arrived: ({"uncertain"}, "sent", NotUncertain, "message.declared_arrived"),
    send_again: ({"uncertain"}, "queued", NotUncertain, "message.sent_again"),
}
CASES = [(service, str(state)) for service in SERVICES for state in DeliveryState]
HOUR_AGO = timedelta(hours=1)


def act(service: Callable[..., Any], row: Delivery, now: Any = None) -> Any:
    with cross_workspace("demo"):
        return service(delivery=row, actor=Actor.system(), now=now or clock.now())


def old(world: Any, state: str) -> Delivery:
    """A row of an hour ago in this state, as the services get it: with its message and account."""
    then = clock.now() - HOUR_AGO
    times = dict.fromkeys(
        ("available_at", "queued_at", "promised_at", "first_attempt_at", "dispatched_at"), then
    )
    row = delivery(world.fan, world.owner, state=state, attempts=4, last_error="timeout", **times)
    return loaded(row)


def loaded(row: Delivery) -> Delivery:
    with cross_workspace("demo"):
        return Delivery.objects.with_everything().get(pk=row.pk)


def audits() -> list[tuple[str, str]]:
    with cross_workspace("demo"):
        return list(AuditEvent.objects.order_by("pk").values_list("action", "target"))


@pytest.mark.django_db
@pytest.mark.parametrize(("service", "state"), [case for case in CASES if case[1] in SERVICES[case[0]][0]])
def test_from_the_right_state_it_moves_on_and_is_audited(world: Any, service: Any, state: str) -> None:
    row = old(world, state)
    act(service, row)
    after = loaded(row)
    assert (after.state, after.attempts, after.needs_lookup) == (SERVICES[service][1], 4, False)
    assert audits() == [(SERVICES[service][3], row.message.public_id)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("service", "state"), [case for case in CASES if case[1] not in SERVICES[case[0]][0]]
)
def test_from_any_other_state_it_refuses_and_changes_nothing(world: Any, service: Any, state: str) -> None:
    row = old(world, state)
    with pytest.raises(SERVICES[service][2]):
        act(service, row)
    fields = [field.attname for field in Delivery._meta.concrete_fields]
    assert [getattr(loaded(row), name) for name in fields] == [getattr(row, name) for name in fields]
    assert audits() == []


@pytest.mark.django_db
@pytest.mark.parametrize(("service", "state"), [(retry_failed, "failed"), (send_again, "uncertain")])
def test_what_is_queued_again_gets_a_new_promise(world: Any, service: Any, state: str) -> None:
    row = old(world, state)
    now = clock.now()
    act(service, row, now)
    after = loaded(row)
    assert (after.available_at, after.queued_at, after.promised_at) == (now, now, now)
    assert after.first_attempt_at == row.first_attempt_at
    with cross_workspace("demo"):
        health = status.queue_status(account_pks=[row.account_id], now=now + timedelta(minutes=1))["health"]
    assert health["status"] == "healthy"


@pytest.mark.django_db
def test_the_new_promise_counts_who_is_ahead(world: Any) -> None:
    for _ in range(10):
        delivery(world.fan, world.owner)
    row = old(world, "failed")
    now = clock.now()
    act(retry_failed, row, now)
    assert loaded(row).promised_at == now + timedelta(seconds=60)


@pytest.mark.django_db
def test_it_arrived_takes_the_time_of_its_attempt(world: Any) -> None:
    row = old(world, "uncertain")
    now = clock.now()
    act(it_arrived, row, now)
    after = loaded(row)
    assert (after.answered_at, after.last_error, after.message.sent_at) == (now, "", row.dispatched_at)
    with cross_workspace("demo"):
        assert Conversation.objects.get(fan=world.fan).last_message_at == row.dispatched_at


@pytest.mark.django_db
def test_a_retry_says_what_had_gone_wrong(world: Any) -> None:
    act(retry_failed, old(world, "failed"))
    with cross_workspace("demo"):
        assert AuditEvent.objects.get().changes == {"error": "timeout"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("first", "second", "state"),
    [
        (retry_failed, retry_failed, "failed"),
        (cancel, cancel, "queued"),
        (it_arrived, send_again, "uncertain"),
        (send_again, send_again, "uncertain"),
    ],
)
def test_of_several_at_once_one_wins(world: Any, first: Any, second: Any, state: str) -> None:
    row = old(world, state)

    def attempt(service: Any) -> str:
        try:
            act(service, row)
            return SERVICES[service][3]
        except Conflict:
            return "refused"
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(attempt, [first, second] * 3))
    won = [answer for answer in answers if answer != "refused"]
    assert len(won) == 1
    assert audits() == [(won[0], row.message.public_id)]


@pytest.mark.django_db(transaction=True)
def test_what_is_queued_again_is_nudged(world: Any) -> None:
    row = old(world, "failed")
    act(retry_failed, row)
    assert redis.client().zrange("send:ready:interactive", 0, -1) == [str(row.account_id).encode()]
