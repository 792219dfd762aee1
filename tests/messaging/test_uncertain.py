"""Messages of which nobody knows whether they arrived, against a platform that really lost the answer."""

import asyncio
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from accounts.models import PlatformAccount
from accounts.services.audit import Actor
from huntaze.kernel import clock, redis
from huntaze.kernel.limiter import Lane, LogLost, News
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Conversation, Delivery, Fan, Message
from messaging.services import limits
from messaging.services.dead_letters import cancel, it_arrived, send_again
from messaging.services.sending.pump import Pump
from messaging.services.uncertain import BATCH, resolve_uncertain
from tests.factories.messaging import delivery
from tests.sandbox.server import FAN, Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
SENDS = {"method": "POST", "path": "/api/*/messages"}


@pytest.fixture(autouse=True)
def impatient(settings: Any, monkeypatch: Any) -> None:
    """Answers are given up after half a second, look-ups are due at once, the limiter's log stands."""
    settings.SEND_TIMEOUT_SECONDS, settings.SEND_LEASE_SECONDS, settings.SEND_LOOKUP_AFTER_SECONDS = (
        0.5,
        5.0,
        0.0,
    )
    monkeypatch.setattr("huntaze.kernel.limiter.SETTLE_SECONDS", 0.0)
    try:
        limits.limiter().tick(News())
    except LogLost as lost:
        limits.rebuild(lost)


@pytest.fixture
def fan(world: Any, platform: Sandbox) -> Fan:
    """The world's first fan, as the sandbox knows them."""
    with cross_workspace("demo"):
        PlatformAccount.objects.filter(pk=world.account.pk).update(external_id=platform.account)
        Fan.objects.filter(pk=world.fan.pk).update(platform_user_id=str(FAN))
        return Fan.objects.select_related("account__workspace").get(pk=world.fan.pk)


def fresh(row: Delivery) -> Delivery:
    with cross_workspace("demo"):
        return Delivery.objects.with_everything().get(pk=row.pk)


def change(row: Delivery, **fields: Any) -> None:
    with cross_workspace("demo"):
        Delivery.objects.filter(pk=row.pk).update(**fields)


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def pump(*rows: Delivery) -> list[str]:
    """A real pump until all of these rows have come to rest; returns their states."""
    limits.poke([(row.account_id, Lane(row.lane)) for row in rows])
    stop = threading.Event()

    def run() -> None:
        try:
            asyncio.run(Pump(seconds=20, is_stopping=stop.is_set).run())
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        resting = {"sent", "uncertain", "failed", "scheduled"}
        wait_for(lambda: all(fresh(row).state in resting for row in rows), "the pump settles every row")
    finally:
        stop.set()
        thread.join()
    return [fresh(row).state for row in rows]


def resolve() -> int:
    return resolve_uncertain(now=clock.now())


def keys(platform: Sandbox) -> list[str]:
    return [row["idempotencyKey"] for row in platform.sent()]


def uncertain(fan: Fan, member: Any, **fields: Any) -> Delivery:
    """A row whose attempt got no answer a moment ago."""
    now = clock.now()
    defaults = {"last_error": "timeout", "needs_lookup": True, "attempts": 1}
    times = {"first_attempt_at": now, "dispatched_at": now, "available_at": now}
    return delivery(fan, member, state="uncertain", **(defaults | times | fields))


@pytest.mark.parametrize("kind", ["timeout_after", "reset_after", "malformed_json", "5xx_unknown_sent"])
def test_a_message_that_arrived_is_found_in_the_chat(
    world: Any, platform: Sandbox, fan: Fan, kind: str
) -> None:
    platform.fault(kind, count=1, match=SENDS)
    row = delivery(fan, world.owner, text="a <b> & <3\nc")
    assert pump(row) == ["uncertain"]
    assert resolve() == 1
    row = fresh(row)
    assert (row.state, row.needs_lookup, row.last_error, row.replays) == ("sent", False, "", 0)
    [arrived] = platform.sent()
    assert row.message.platform_message_id == str(arrived["messageId"])
    assert (row.message.sent_at, arrived["attempts"]) == (row.dispatched_at, 1)
    with cross_workspace("demo"):
        assert Conversation.objects.get(fan=fan).last_message_at == row.dispatched_at


@pytest.mark.parametrize("kind", ["timeout_before", "reset_before"])
def test_a_message_that_did_not_arrive_is_repeated_with_its_key(
    world: Any, platform: Sandbox, fan: Fan, kind: str
) -> None:
    platform.fault(kind, count=1, match=SENDS)
    row = delivery(fan, world.owner)
    assert pump(row) == ["uncertain"]
    assert resolve() == 1
    assert (fresh(row).state, fresh(row).replays) == ("queued", 1)
    assert pump(row) == ["sent"]
    assert keys(platform) == [row.public_id]
    assert resolve() == 0


def test_an_unknown_server_error_that_the_chat_does_not_show_is_for_a_person(
    world: Any, platform: Sandbox, fan: Fan
) -> None:
    platform.fault("5xx_unknown_not_sent", count=1, match=SENDS)
    row = delivery(fan, world.owner)
    assert pump(row) == ["uncertain"]
    assert [resolve(), resolve()] == [1, 0]
    assert (fresh(row).state, fresh(row).needs_lookup, fresh(row).last_error) == (
        "uncertain",
        False,
        "outcome_unknown",
    )
    assert platform.sent() == []


def test_two_equal_messages_in_the_chat_are_for_a_person(world: Any, platform: Sandbox, fan: Fan) -> None:
    row = uncertain(fan, world.owner)
    for _ in range(2):
        platform.send({"text": "Hello"})
    assert resolve() == 1
    assert (fresh(row).state, fresh(row).needs_lookup) == ("uncertain", False)
    assert (fresh(row).message.platform_message_id, len(platform.sent())) == (None, 2)


def test_a_message_that_is_another_rows_is_not_taken(world: Any, platform: Sandbox, fan: Fan) -> None:
    row = uncertain(fan, world.owner, last_error="outcome_unknown")
    elsewhere = delivery(fan, world.owner, state="sent")
    message_id = str(platform.send({"text": "Hello"}).json()["data"]["id"])
    with cross_workspace("demo"):
        Message.objects.filter(pk=elsewhere.message_id).update(platform_message_id=message_id)
    assert resolve() == 1
    assert (fresh(row).state, fresh(row).needs_lookup) == ("uncertain", False)


def test_of_two_equal_messages_of_ours_the_lost_one_is_not_forgotten(
    world: Any, platform: Sandbox, fan: Fan
) -> None:
    """Only the second arrived. The chat can't say which of the two it shows; their keys can."""
    first, second = uncertain(fan, world.owner), uncertain(fan, world.owner)
    platform.send({"text": "Hello", "blockBannedWords": "strict_ban"}, key=second.public_id)
    assert resolve() == 2
    assert [fresh(first).state, fresh(second).state] == ["queued", "queued"]
    assert pump(first, second) == ["sent", "sent"]
    assert sorted(keys(platform)) == sorted([first.public_id, second.public_id])
    ids = {fresh(first).message.platform_message_id, fresh(second).message.platform_message_id}
    assert ids == {str(row["messageId"]) for row in platform.sent()}


ASSUMED = {"text": "Hello", "blockBannedWords": "strict_ban"}


def test_a_message_is_not_taken_for_its_twin_that_is_being_repeated(
    world: Any, platform: Sandbox, fan: Fan
) -> None:
    """Only the first arrived; the second is looked up while the first waits to be repeated."""
    first, second = uncertain(fan, world.owner), uncertain(fan, world.owner)
    change(second, available_at=clock.now() + timedelta(hours=1))
    platform.send(ASSUMED, key=first.public_id)
    assert resolve() == 1
    assert (fresh(first).state, fresh(first).replays) == ("queued", 1)
    change(second, available_at=clock.now() - timedelta(seconds=1))
    assert resolve() == 1
    assert fresh(second).state == "queued"
    assert pump(first, second) == ["sent", "sent"]
    assert sorted(keys(platform)) == sorted([first.public_id, second.public_id])


def test_a_message_is_not_taken_for_its_twin_that_a_person_has_seen(
    world: Any, platform: Sandbox, fan: Fan
) -> None:
    first, second = uncertain(fan, world.owner), uncertain(fan, world.owner)
    platform.send(ASSUMED, key=first.public_id)
    with cross_workspace("demo"):
        it_arrived(delivery=fresh(first), actor=Actor.system(), now=clock.now())
    assert resolve() == 1
    assert fresh(second).state == "queued"
    assert pump(second) == ["sent"]
    assert sorted(keys(platform)) == sorted([first.public_id, second.public_id])


def test_a_twin_of_long_ago_that_a_person_has_seen_is_no_doubt(
    world: Any, platform: Sandbox, fan: Fan
) -> None:
    ago = clock.now() - timedelta(days=1)
    past = uncertain(fan, world.owner, dispatched_at=ago)
    with cross_workspace("demo"):
        it_arrived(delivery=fresh(past), actor=Actor.system(), now=ago)
    row = uncertain(fan, world.owner)
    platform.send(ASSUMED, key=row.public_id)
    assert resolve() == 1
    assert fresh(row).state == "sent"


@pytest.mark.parametrize("arrived", [True, False])
def test_a_cancelled_repeat_is_looked_up_and_not_sent_again(
    world: Any, platform: Sandbox, fan: Fan, arrived: bool
) -> None:
    row = uncertain(fan, world.owner, replays=1, needs_lookup=False)
    change(row, state="queued")
    if arrived:
        platform.send(ASSUMED, key=row.public_id)
    with cross_workspace("demo"):
        assert cancel(delivery=fresh(row), actor=Actor.system(), now=clock.now()) == "uncertain"
    assert (fresh(row).state, fresh(row).last_error, fresh(row).needs_lookup) == (
        "uncertain",
        "withdrawn",
        True,
    )
    assert resolve() == 1
    assert (fresh(row).state, fresh(row).needs_lookup) == ("sent" if arrived else "uncertain", False)
    assert (len(platform.sent()), fresh(row).replays) == (int(arrived), 1)


def test_a_repeat_that_is_refused_is_uncertain_and_no_dead_letter(
    world: Any, platform: Sandbox, fan: Fan
) -> None:
    row = uncertain(fan, world.owner, replays=1, needs_lookup=False)
    change(row, state="queued")
    platform.fault("status", count=1, params={"code": 403}, match=SENDS)
    assert pump(row) == ["uncertain"]
    assert (fresh(row).last_error, fresh(row).needs_lookup) == ("forbidden", False)


def test_a_text_that_can_not_be_opened_holds_up_no_other(world: Any, platform: Sandbox, fan: Fan) -> None:
    bad, good = uncertain(fan, world.owner), uncertain(fan, world.owner, text="Another")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE messaging_message SET text = 'garbage' WHERE id = %s", [bad.message_id])
    assert resolve() == 2
    with cross_workspace("demo"):
        lost = Delivery.objects.get(pk=bad.pk)
    assert (lost.state, lost.last_error, lost.needs_lookup) == ("uncertain", "text_unreadable", False)
    assert (lost.lease_token, fresh(good).state) == (None, "queued")
    assert resolve() == 0


@pytest.mark.parametrize(("replays", "state"), [(2, "queued"), (3, "uncertain")])
def test_after_three_repeats_a_person_decides(
    world: Any, platform: Sandbox, fan: Fan, replays: int, state: str
) -> None:
    row = uncertain(fan, world.owner, replays=replays)
    assert resolve() == 1
    assert (fresh(row).state, fresh(row).needs_lookup) == (state, False)


@pytest.mark.parametrize(("minutes", "state"), [(22 * 60 + 59, "queued"), (23 * 60 + 1, "uncertain")])
def test_a_key_is_counted_on_for_23_hours(
    world: Any, platform: Sandbox, fan: Fan, minutes: int, state: str
) -> None:
    row = uncertain(fan, world.owner, first_attempt_at=clock.now() - timedelta(minutes=minutes))
    assert resolve() == 1
    assert (fresh(row).state, fresh(row).needs_lookup) == (state, False)


def test_a_platform_that_can_not_be_asked_is_asked_again_in_a_minute(
    world: Any, platform: Sandbox, fan: Fan
) -> None:
    platform.fault("status", params={"code": 500}, match={"method": "GET"})
    row = uncertain(fan, world.owner)
    now = clock.now()
    assert resolve_uncertain(now=now) == 1
    assert (fresh(row).state, fresh(row).needs_lookup) == ("uncertain", True)
    assert fresh(row).available_at == now + timedelta(seconds=60)
    assert resolve_uncertain(now=now + timedelta(seconds=59)) == 0


def test_a_platform_that_can_not_be_asked_for_23_hours_leaves_it_to_a_person(
    world: Any, platform: Sandbox, fan: Fan
) -> None:
    platform.fault("status", params={"code": 500}, match={"method": "GET"})
    row = uncertain(fan, world.owner, first_attempt_at=clock.now() - timedelta(hours=23, minutes=1))
    assert [resolve(), resolve()] == [1, 0]
    assert (fresh(row).state, fresh(row).needs_lookup) == ("uncertain", False)


def test_what_a_lost_sender_leaves_is_looked_up_in_one_run(world: Any, platform: Sandbox, fan: Fan) -> None:
    rows = [uncertain(fan, world.owner, text=f"message {number}") for number in range(BATCH + 1)]
    assert [resolve(), resolve()] == [BATCH + 1, 0]
    assert {fresh(row).state for row in rows} == {"queued"}


def test_a_platform_that_answers_nothing_is_asked_one_batch_only(
    world: Any, platform: Sandbox, fan: Fan
) -> None:
    platform.fault("status", params={"code": 500}, match={"method": "GET"})
    for number in range(BATCH + 1):
        uncertain(fan, world.owner, text=f"message {number}")
    assert [resolve(), resolve()] == [BATCH, 1]


def test_one_chat_that_can_not_be_read_holds_up_no_other(world: Any, platform: Sandbox, fan: Fan) -> None:
    platform.fault("wrong_type", match={"method": "GET", "path": f"*/{FAN}/messages"})
    with cross_workspace("demo"):
        Fan.objects.filter(pk=world.other_fan.pk).update(platform_user_id=str(FAN + 10_000))
        PlatformAccount.objects.filter(pk=world.other_account.pk).update(external_id=platform.other)
        world.other_fan.refresh_from_db()
    stuck, free = uncertain(fan, world.owner), uncertain(world.other_fan, world.owner)
    assert resolve() == 2
    assert [fresh(stuck).state, fresh(free).state] == ["uncertain", "queued"]


def test_nobody_looks_before_it_is_time(world: Any, platform: Sandbox, fan: Fan) -> None:
    now = clock.now()
    row = uncertain(fan, world.owner, available_at=now + timedelta(seconds=1))
    assert resolve_uncertain(now=now) == 0
    assert fresh(row).state == "uncertain"


@pytest.mark.parametrize(("decision", "state"), [(it_arrived, "sent"), (send_again, "queued")])
def test_a_persons_decision_outlives_a_look_up_under_way(
    world: Any, platform: Sandbox, fan: Fan, decision: Any, state: str
) -> None:
    row = uncertain(fan, world.owner)
    platform.fault("latency", match={"method": "GET"}, params={"ms": 300})

    def look() -> None:
        resolve()
        connection.close()

    thread = threading.Thread(target=look)
    thread.start()
    try:
        wait_for(lambda: fresh(row).lease_token is not None, "the look-up has begun")
        with cross_workspace("demo"):
            decision(delivery=fresh(row), actor=Actor.system(), now=clock.now())
    finally:
        thread.join()
    assert (fresh(row).state, fresh(row).replays, fresh(row).lease_token) == (state, 0, None)


def test_send_again_sends_once_more_with_the_same_key(world: Any, platform: Sandbox, fan: Fan) -> None:
    row = uncertain(fan, world.owner, last_error="outcome_unknown", needs_lookup=False)
    with cross_workspace("demo"):
        send_again(delivery=row, actor=Actor.system(), now=clock.now())
    assert pump(row) == ["sent"]
    assert keys(platform) == [row.public_id]


def test_nothing_is_looked_up_while_the_platform_has_had_enough_of_all_of_us(
    world: Any, platform: Sandbox, fan: Fan
) -> None:
    row = uncertain(fan, world.owner)
    limits.limiter().wait_of_all(more=30)
    assert (resolve(), fresh(row).needs_lookup, fresh(row).lease_token) == (0, True, None)
    redis.client().delete("send:hold")
    assert resolve() == 1


def test_a_look_up_that_is_refused_for_all_of_us_holds_everybody(
    world: Any, platform: Sandbox, fan: Fan
) -> None:
    body = {"_meta": {"_rate_limits": {"limit_minute": 1000, "remaining_minute": 0}}}
    platform.fault("status", params={"code": 429, "body": body, "headers": {"Retry-After": "20"}})
    row = uncertain(fan, world.owner)
    assert resolve() == 1
    assert fresh(row).needs_lookup is True
    assert 19 < limits.limiter().wait_of_all() <= 20
    limits.poke([(row.account_id, Lane.INTERACTIVE)])
    assert limits.limiter().tick(News()) == []


def test_nothing_is_looked_up_while_redis_can_not_tell(
    world: Any, platform: Sandbox, fan: Fan, settings: Any
) -> None:
    row = uncertain(fan, world.owner)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert (resolve(), fresh(row).needs_lookup) == (0, True)
