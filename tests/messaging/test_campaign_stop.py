"""A campaign whose messages fail pauses by itself and says why."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import AuditEvent
from accounts.services.audit import Actor
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from messaging.models import Campaign, Delivery
from messaging.rules.campaigns import has_too_many_failures, sent_that_would_clear
from messaging.services.campaigns import steer, tend
from tests.factories.campaigns import campaign
from tests.factories.messaging import FanFactory, delivery


@pytest.mark.parametrize(
    ("failed", "sent", "is_too_many"),
    [(0, 0, False), (9, 0, False), (10, 0, True), (10, 190, True), (10, 191, False), (100, 1900, True)],
)
def test_the_share_of_failures_decides_once_there_are_ten(failed: int, sent: int, is_too_many: bool) -> None:
    assert has_too_many_failures(failed=failed, sent=sent) is is_too_many


@pytest.mark.parametrize("failed", [10, 11, 99, 5000])
def test_counting_the_sent_ones_ends_where_the_answer_is_known(failed: int) -> None:
    assert has_too_many_failures(failed=failed, sent=sent_that_would_clear(failed)) is False


def running(world: Any, **states: int) -> Campaign:
    """A running campaign with so many rows in each state, and one that waits."""
    row = campaign(world.account, world.owner, [{"fan": world.fan.public_id}], state="running")
    now = clock.now()
    for state, count in ({"queued": 1} | states).items():
        for _ in range(count):
            fan = FanFactory(account=world.account)
            delivery(fan, world.owner, state=state, campaign=row, lane="bulk", dispatched_at=now)
    return row


def outcome(row: Campaign) -> tuple[str, str, dict[str, int]]:
    tend.tend(now=clock.now())
    with cross_workspace("demo"):
        found = Campaign.objects.get(pk=row.pk)
        states = list(Delivery.objects.filter(campaign=row).values_list("state", flat=True))
    return found.state, found.state_reason, {state: states.count(state) for state in sorted(set(states))}


@pytest.mark.django_db
def test_it_pauses_at_ten_failures_and_says_why(world: Any) -> None:
    row = running(world, failed=10, sent=20)
    assert outcome(row) == ("paused", "many_failures", {"failed": 10, "held": 1, "sent": 20})
    with cross_workspace("demo"):
        event = AuditEvent.objects.get(target=row.public_id, action="campaign.paused")
    assert event.changes == {"reason": "many_failures"}


@pytest.mark.django_db
def test_nine_failures_stop_nothing(world: Any) -> None:
    assert outcome(running(world, failed=9))[:2] == ("running", "")


@pytest.mark.django_db
def test_a_person_who_lets_it_go_on_is_not_overruled_by_the_same_failures(world: Any) -> None:
    row = running(world, failed=10)
    assert outcome(row)[0] == "paused"
    with workspace_scope(row.workspace_id):
        later = clock.now() + timedelta(seconds=1)
        steer.resume(campaign=row, outlook=steer.outlook_for(row), actor=Actor.system(), now=later)
    assert outcome(row) == ("running", "", {"failed": 10, "queued": 1})
    with cross_workspace("demo"):
        Delivery.objects.filter(campaign=row, state="failed").update(dispatched_at=later)
    assert outcome(row)[:2] == ("paused", "many_failures")
