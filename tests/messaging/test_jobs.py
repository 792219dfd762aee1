"""Long work is shown to those who reach it, counted from its rows, and stopped by those who may."""

import pytest
from django.test import Client

from accounts.models import Membership, PlatformAccount
from accounts.selectors import principal_of
from accounts.selectors.jobs import JobState, jobs_of
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from messaging.models import Campaign
from tests.conftest import World
from tests.factories.campaigns import campaign
from tests.factories.messaging import FanFactory, delivery


@pytest.fixture
def running(world: World) -> Campaign:
    """A campaign of three: one sent, one failed, one waits."""
    row = campaign(world.account, world.owner, [], state="running")
    for state in ("sent", "failed", "queued"):
        delivery(FanFactory(account=world.account), world.owner, state=state, campaign=row)
    with cross_workspace("demo"):
        PlatformAccount.objects.update(last_synced_at=clock.now())
    return row


def shown(member: Membership) -> list[tuple[str, JobState, int, int | None, int]]:
    with workspace_scope(member.workspace_id):
        lines = jobs_of(principal_of(member, limit=60), clock.now())
    return [(line.id, line.state, line.done, line.total, line.failed) for line in lines]


def test_progress_is_counted_and_shown_to_those_who_reach_it(world: World, running: Campaign) -> None:
    line = (running.public_id, JobState.RUNNING, 2, 3, 1)
    assert shown(world.owner) == [line]
    assert shown(world.chatter) == [line]
    assert shown(world.outsider) == []
    with cross_workspace("demo"):
        PlatformAccount.objects.filter(pk=world.account.pk).update(creator=world.other_creator)
    assert shown(world.chatter) == []


def test_a_job_is_stopped_from_its_page(world: World, running: Campaign) -> None:
    def stop(member: Membership) -> int:
        client = Client()
        client.force_login(member.user)
        return client.post(f"/jobs/{running.public_id}/cancel").status_code

    assert (stop(world.chatter), stop(world.outsider)) == (403, 404)
    assert stop(world.manager) == 302
    with cross_workspace("demo"):
        assert Campaign.objects.get(pk=running.pk).state == "cancelled"
    assert shown(world.owner)[0][1] == JobState.CANCELLED
