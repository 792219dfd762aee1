"""The guarantee behind every nudge: due rows, senders that died, accounts that were forgotten."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from huntaze.kernel import clock, redis
from huntaze.kernel.limiter import Lane, LogLost, News
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Delivery
from messaging.rules import outcomes
from messaging.services import limits
from messaging.services.scheduler import schedule_deliveries, sweep
from messaging.services.sending.claims import Claimed
from messaging.services.sending.settle import settle
from messaging.types import DeliveryState, Receipt
from tests.factories.messaging import delivery

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def standing_log(monkeypatch: Any) -> None:
    """The limiter's log stands before the test begins, so that a tick grants at once."""
    monkeypatch.setattr("huntaze.kernel.limiter.SETTLE_SECONDS", 0.0)
    with pytest.raises(LogLost) as lost:
        limits.limiter().tick(News())
    limits.rebuild(lost.value)


def granted() -> set[tuple[int, str]]:
    """Accounts and lanes that the limiter knows to have something to send."""
    return {(grant.account, str(grant.lane)) for grant in limits.limiter().tick(News())}


def fresh(row: Delivery) -> Delivery:
    with cross_workspace("demo"):
        return Delivery.objects.get(pk=row.pk)


def sending(fan: Any, member: Any, *, lease_seconds: float) -> Delivery:
    now = clock.now()
    times = {
        "dispatched_at": now,
        "first_attempt_at": now,
        "leased_until": now + timedelta(seconds=lease_seconds),
    }
    return delivery(fan, member, state="sending", attempts=1, lease_token=uuid4(), **times)


def test_a_row_whose_time_has_come_is_queued_and_its_account_told(world: Any) -> None:
    now = clock.now()
    due = delivery(world.fan, world.owner, state="scheduled", available_at=now - timedelta(seconds=1))
    bulk = delivery(
        world.other_fan, world.owner, state="scheduled", lane="bulk", available_at=now - timedelta(hours=1)
    )
    later = delivery(
        world.outsider_fan, world.outsider, state="scheduled", available_at=now + timedelta(seconds=5)
    )
    assert schedule_deliveries() == (2, 0)
    assert [fresh(row).state for row in (due, bulk, later)] == ["queued", "queued", "scheduled"]
    assert granted() == {(world.account.pk, "interactive"), (world.other_account.pk, "bulk")}
    assert schedule_deliveries() == (0, 0)


@pytest.mark.parametrize("state", ["held", "queued", "sent", "uncertain", "failed", "cancelled", "unsent"])
def test_it_moves_scheduled_rows_only(world: Any, state: str) -> None:
    row = delivery(world.fan, world.owner, state=state, available_at=clock.now() - timedelta(hours=1))
    assert schedule_deliveries() == (0, 0)
    assert fresh(row).state == state


def test_what_a_dead_sender_held_is_uncertain_and_looked_up_later(world: Any, settings: Any) -> None:
    settings.SEND_LOOKUP_AFTER_SECONDS = 45.0
    lost = sending(world.fan, world.owner, lease_seconds=-1)
    flying = sending(world.other_fan, world.owner, lease_seconds=20)
    assert schedule_deliveries() == (0, 1)
    row = fresh(lost)
    assert (row.state, row.last_error, row.needs_lookup, row.attempts) == (
        "uncertain",
        "sender_lost",
        True,
        1,
    )
    assert (row.lease_token, row.leased_until) == (None, None)
    assert lost.leased_until is not None
    assert row.available_at == lost.leased_until + timedelta(seconds=45)
    assert fresh(flying).state == "sending"


def test_a_sender_that_wakes_up_too_late_still_has_its_receipt(world: Any) -> None:
    row = sending(world.fan, world.owner, lease_seconds=-1)
    assert row.lease_token is not None
    mine = Claimed(row.pk, row.account_id, Lane(row.lane), row.lease_token)
    schedule_deliveries()
    assert fresh(row).state == DeliveryState.UNCERTAIN
    with cross_workspace("demo"):
        assert settle([(mine, outcomes.of_receipt(Receipt("7388")))]) == {row.pk}
    assert fresh(row).state == DeliveryState.SENT
    with cross_workspace("demo"):
        assert Delivery.objects.with_everything().get(pk=row.pk).message.platform_message_id == "7388"


def test_a_sender_that_wakes_up_too_late_without_a_receipt_writes_nothing(world: Any) -> None:
    row = sending(world.fan, world.owner, lease_seconds=-1)
    assert row.lease_token is not None
    mine = Claimed(row.pk, row.account_id, Lane(row.lane), row.lease_token)
    schedule_deliveries()
    with cross_workspace("demo"):
        assert settle([(mine, outcomes.never_sent())]) == set()
    assert fresh(row).state == DeliveryState.UNCERTAIN


def test_the_sweep_tells_again_what_a_lost_nudge_should_have_told(world: Any) -> None:
    delivery(world.fan, world.owner)
    delivery(world.fan, world.owner, lane="bulk", priority=7)
    delivery(world.other_fan, world.owner, lane="bulk")
    delivery(world.outsider_fan, world.outsider, state="scheduled")
    assert granted() == set()
    assert sweep() == 3
    both = {(world.account.pk, "interactive"), (world.account.pk, "bulk")}
    assert granted() <= both | {(world.other_account.pk, "bulk")}
    assert redis.client().zcard("send:ready:interactive") == 1
    assert redis.client().zcard("send:ready:bulk") == 2


def test_the_sweep_of_empty_queues_is_quiet(world: Any) -> None:
    delivery(world.fan, world.owner, state="sent")
    assert sweep() == 0
    assert granted() == set()
