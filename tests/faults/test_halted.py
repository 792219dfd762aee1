"""People stop an account, a campaign, everything: what left is recorded, and nothing else leaves."""

from datetime import datetime

import pytest

from accounts.models import Membership, PlatformAccount
from accounts.services.audit import Actor
from accounts.services.platform_accounts import set_paused
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from messaging.models import Campaign, Delivery, Fan
from messaging.services import scheduler
from messaging.services.campaigns import steer
from messaging.services.switch import set_switch
from tests.factories.campaigns import campaign
from tests.faults.conftest import make_stage
from tests.faults.house import House, holds_for, wait_for
from tests.faults.stage import SMALL, Stage, Tell
from tests.sandbox.server import Sandbox

SYSTEM = Actor.system()
FANS = 20


@pytest.fixture
def small_stage(platform: Sandbox, house: House, tell: Tell) -> Stage:
    return make_stage(platform, house, tell, SMALL, accounts=4, fans=FANS)


def test_pause_cancel_and_kill_switch_hold_what_has_not_left(small_stage: Stage) -> None:
    stage = small_stage
    paused, campaigning = stage.desks[0], stage.desks[1]
    row = campaign_of(campaigning.account, campaigning.member)
    singles = stage.queue(24)
    stage.house.start_all()
    wait_for(lambda: arrived_of(row) >= 2, seconds=60, what="the campaign is running", house=stage.house)

    with cross_workspace("demo"):
        account = PlatformAccount.objects.get(pk=paused.account)
    pause(account, True, stage.database_now())
    paused_at = stage.database_now()
    stage.note("paused one account")
    with workspace_scope(row.workspace_id):
        steer.cancel(campaign=row, actor=SYSTEM, now=stage.database_now())
    cancelled_at = stage.database_now()
    stage.note("cancelled a campaign of another")
    stage.wait_for_arrivals(stage.arrivals() + 8)
    set_switch(is_stopped=True, reason="test", user_pk=None, now=stage.database_now())
    stopped_at = stage.database_now()
    stage.note("turned the kill switch")

    wait_for(lambda: "sending" not in stage.states(), seconds=20, what="the wire is empty", house=stage.house)
    left = stage.arrivals()
    assert stage.states()["sent"] == left
    assert holds_for(lambda: stage.arrivals() == left, seconds=stage.scale.window * 1.2)
    assert dispatched_after(stopped_at) == 0
    assert dispatched_after(paused_at, account_id=paused.account) == 0
    assert dispatched_after(cancelled_at, campaign=row) == 0
    stage.tell(f"counted: {left} arrived and are recorded, nothing left in {stage.scale.window * 1.2:.1f} s")

    set_switch(is_stopped=False, reason="", user_pk=None, now=stage.database_now())
    kept = singles_of(paused.account, "queued")
    wait_for(
        lambda: stage.states().get("queued") == kept, seconds=60, what="the others go on", house=stage.house
    )
    pause(account, False, stage.database_now())
    scheduler.sweep()
    wait_for(
        lambda: set(stage.states()) == {"sent", "cancelled"},
        seconds=60,
        what="all is done",
        house=stage.house,
    )
    with cross_workspace("demo"):
        assert Delivery.objects.filter(campaign=None, state="sent").count() == singles
    stage.expect_exactly_once()


def campaign_of(account: int, member: int) -> Campaign:
    with cross_workspace("demo"):
        row = PlatformAccount.objects.select_related("creator").get(pk=account)
        fans = [fan.public_id for fan in Fan.objects.filter(account=row)]
        owner = Membership.objects.get(pk=member)
    return campaign(row, owner, [{"fan": fan} for fan in fans], priority=5)


def pause(account: PlatformAccount, is_paused: bool, now: datetime) -> None:
    with workspace_scope(account.workspace_id):
        assert set_paused(account=account, is_paused=is_paused, actor=SYSTEM, now=now)


def arrived_of(row: Campaign) -> int:
    with cross_workspace("demo"):
        return int(Delivery.objects.filter(campaign=row, state="sent").count())


def singles_of(account: int, state: str) -> int:
    with cross_workspace("demo"):
        return int(Delivery.objects.filter(account_id=account, state=state).count())


def dispatched_after(moment: datetime, **which: object) -> int:
    with cross_workspace("demo"):
        return int(Delivery.objects.filter(dispatched_at__gt=moment, **which).count())
