"""The figures and the health of the queue, each cause by itself."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from accounts.models import PlatformAccount
from huntaze.kernel import breaker
from huntaze.kernel.tenancy import cross_workspace
from huntaze.platforms.onlyfansapi import VENDOR
from messaging.models import Delivery, Message
from messaging.selectors import COUNTED
from messaging.services.status import queue_status, rate_limit_text
from messaging.services.switch import set_switch
from tests.factories.messaging import delivery

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def ask(*accounts: PlatformAccount) -> dict[str, Any]:
    with cross_workspace("demo"):
        return queue_status(account_pks=[account.pk for account in accounts], now=NOW)


def health(*accounts: PlatformAccount) -> tuple[str, str]:
    found = ask(*accounts)["health"]
    return found["status"], found["message"]


def change(account: PlatformAccount, **fields: Any) -> None:
    with cross_workspace("demo"):
        PlatformAccount.objects.filter(pk=account.pk).update(**fields)


def test_every_figure_is_read_from_the_rows(world: Any) -> None:
    states = (
        ["queued"] * 3 + ["sending"] * 2 + ["failed", "scheduled", "uncertain", "sent", "cancelled", "held"]
    )
    answered = NOW - timedelta(minutes=5)
    for state in states:
        at = answered if state in {"sent", "failed"} else None
        delivery(world.fan, world.owner, state=state, promised_at=NOW, answered_at=at)
    delivery(world.outsider_fan, world.outsider)
    data = ask(world.account, world.other_account)
    assert data["queue"] == {"depth": 3, "in_flight": 2, "dlq_count": 1, "total": 8}
    assert data["processing"]["last_processed_at"] == "2026-11-21T11:55:00.000Z"
    assert data["timestamp"] == "2026-11-21T12:00:00.000Z"


def test_an_empty_queue_is_healthy(world: Any) -> None:
    data = ask(world.account)
    assert data["queue"] == {"depth": 0, "in_flight": 0, "dlq_count": 0, "total": 0}
    processing = {"estimated_time_seconds": 0, "rate_limit": "10 messages/minute", "last_processed_at": None}
    assert data["processing"] == processing
    assert data["health"] == {"status": "healthy", "message": "Messages go out as promised."}


@pytest.mark.parametrize(("depth", "seconds"), [(1, 0), (10, 0), (11, 60), (20, 60), (21, 120)])
def test_the_longest_queue_of_an_account_tells_the_time(world: Any, depth: int, seconds: int) -> None:
    for _ in range(depth):
        delivery(world.fan, world.owner, promised_at=NOW)
    delivery(world.other_fan, world.owner, promised_at=NOW)
    assert ask(world.account, world.other_account)["processing"]["estimated_time_seconds"] == seconds


def queue_many(like: Delivery, count: int) -> None:
    """So many rows more that differ from this one in their ids alone."""
    _copy(Message, "t.id = %(message)s", "generate_series(1, %(count)s)", {}, like, count)
    _copy(
        Delivery,
        "t.id = %(like)s AND m.id > %(message)s",
        "messaging_message m",
        {"message_id": "m.id"},
        like,
        count,
    )


def _copy(
    model: type[Message | Delivery],
    where: str,
    source: str,
    given: dict[str, str],
    like: Delivery,
    count: int,
) -> None:
    columns = [field.column for field in model._meta.concrete_fields if not field.primary_key]
    picked = [({"uid": "gen_random_uuid()"} | given).get(column, f"t.{column}") for column in columns]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) SELECT {', '.join(picked)}"
            f"  FROM {model._meta.db_table} t, {source} WHERE {where}",
            {"like": like.pk, "message": like.message_id, "count": count},
        )


def test_a_queue_too_long_to_be_counted_ends_with_its_last_promise(world: Any) -> None:
    delivery(world.other_fan, world.owner, promised_at=NOW + timedelta(days=9))
    row = delivery(world.fan, world.owner, promised_at=NOW)
    queue_many(row, 10_002)
    data = ask(world.account, world.other_account)
    assert data["queue"]["depth"] == COUNTED
    assert data["processing"]["estimated_time_seconds"] == 9 * 86_400


def test_the_figures_take_one_statement_whatever_the_number_of_accounts(
    world: Any, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        ask(world.account)
    with django_assert_num_queries(1):
        ask(world.account, world.other_account, world.outsider_account)


def test_the_limit_is_told_in_the_contracts_words(settings: Any) -> None:
    assert rate_limit_text() == "10 messages/minute"
    settings.SEND_LIMIT_COUNT, settings.SEND_LIMIT_WINDOW_SECONDS = 5, 6.0
    assert rate_limit_text() == "5 messages/6 seconds"


@pytest.mark.parametrize(("count", "status"), [(10, "healthy"), (11, "degraded")])
def test_more_than_ten_dead_letters_are_too_many(world: Any, count: int, status: str) -> None:
    for _ in range(count):
        delivery(world.fan, world.owner, state="failed")
    assert health(world.account)[0] == status


@pytest.mark.parametrize(("minutes", "status"), [(10, "healthy"), (11, "degraded")])
def test_a_message_ten_minutes_after_its_promise_is_late(world: Any, minutes: int, status: str) -> None:
    delivery(world.fan, world.owner, promised_at=NOW - timedelta(minutes=minutes))
    assert health(world.account)[0] == status


@pytest.mark.parametrize(
    ("change_of_one", "sentence"),
    [
        ({"is_sending_paused": True}, "An account is paused."),
        ({"state": "expired"}, "An account needs to be reconnected."),
        ({"state": "needs_code"}, "An account needs to be reconnected."),
    ],
)
def test_one_account_out_of_use_degrades_and_all_out_of_use_stop(
    world: Any, change_of_one: dict[str, Any], sentence: str
) -> None:
    change(world.account, **change_of_one)
    assert health(world.account, world.other_account) == ("degraded", sentence)
    assert health(world.other_account)[0] == "healthy"
    assert health(world.account) == ("unhealthy", "No account can send: reconnect or resume one.")


def test_a_vendor_that_keeps_failing_degrades(world: Any) -> None:
    for _ in range(5):
        breaker.record(VENDOR, False, 10.0)
    assert health(world.account) == (
        "degraded",
        "OnlyFansAPI is failing: messages wait until it answers again.",
    )


def test_a_stop_for_everybody_is_said_first(world: Any) -> None:
    set_switch(is_stopped=True, reason="trouble", user_pk=None, now=NOW)
    assert health(world.account) == ("unhealthy", "Sending is stopped for everybody by the operator.")
    set_switch(is_stopped=False, reason="over", user_pk=None, now=NOW)
    assert health(world.account)[0] == "healthy"


def test_without_accounts_there_is_nothing_to_be_ill(world: Any) -> None:
    assert health() == ("healthy", "Messages go out as promised.")
