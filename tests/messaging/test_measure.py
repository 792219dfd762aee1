"""The gauges of the queues: the oldest broken promise of those who may send, and counts that end somewhere."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import PlatformAccount
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from messaging.selectors import slots
from messaging.services import forecasts, measure
from tests.factories.messaging import delivery

pytestmark = pytest.mark.django_db


def oldest(now: Any) -> Any:
    with cross_workspace("measure queues"):
        return measure._oldest_promise(now)


def test_the_oldest_broken_promise_of_all_accounts_counts(world: Any) -> None:
    now = clock.now()
    delivery(world.fan, world.owner, promised_at=now - timedelta(minutes=2))
    delivery(world.outsider_fan, world.outsider, promised_at=now - timedelta(minutes=5))
    delivery(world.fan, world.owner, promised_at=now + timedelta(minutes=5))
    delivery(world.fan, world.owner, promised_at=now - timedelta(hours=1), state="sent")
    assert oldest(now) == now - timedelta(minutes=5)


@pytest.mark.parametrize("change", [{"is_sending_paused": True}, {"state": "expired"}])
def test_an_account_that_may_not_send_breaks_no_promise(world: Any, change: dict[str, Any]) -> None:
    now = clock.now()
    delivery(world.fan, world.owner, promised_at=now - timedelta(minutes=2))
    with cross_workspace("demo"):
        PlatformAccount.objects.filter(pk=world.account.pk).update(**change)
    assert oldest(now) is None


def test_the_look_into_each_account_has_its_index(world: Any) -> None:
    now = clock.now()
    delivery(world.fan, world.owner, promised_at=now - timedelta(minutes=2))
    with CaptureQueriesContext(connection) as queries:
        oldest(now)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute("EXPLAIN " + queries[-1]["sql"])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "using delivery_promised" in plan


def test_a_forecast_stops_counting(world: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(slots, "COUNTED", 2)
    for _ in range(3):
        delivery(world.fan, world.owner)
    with cross_workspace("demo"):
        found = forecasts.forecast(account=world.account, priority=5, scheduled_at=None, now=clock.now())
    assert found.before == 2
