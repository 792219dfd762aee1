"""The credits end in the middle of a campaign: what is paid for leaves, the rest is held, and goes on when there are
more; killed senders and workers change nothing of that, and the books agree with the rows."""

import pytest

from accounts.models import Workspace
from billing.types import Feature
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Campaign, Delivery
from tests.billing.books import accounts, faults
from tests.factories.billing import credits, limit
from tests.faults.conftest import make_stage
from tests.faults.house import House, holds_for, wait_for
from tests.faults.stage import SMALL, Stage, Tell
from tests.faults.test_halted import campaign_of
from tests.sandbox.server import Sandbox

FANS, FIRST, SECOND = 20, 7, 5


@pytest.fixture
def poor_stage(platform: Sandbox, house: House, tell: Tell) -> Stage:
    """One account whose workspace may send a few messages."""
    stage = make_stage(platform, house, tell, SMALL, accounts=1, fans=FANS)
    limit(Workspace.objects.get(pk=stage.desks[0].workspace), Feature.MESSAGES, FIRST)
    return stage


def test_a_campaign_waits_for_credits_and_goes_on(poor_stage: Stage) -> None:
    stage, desk = poor_stage, poor_stage.desks[0]
    workspace = Workspace.objects.get(pk=desk.workspace)
    row = campaign_of(desk.account, desk.member)
    stage.house.start_all()

    stand(stage, row, sent=FIRST, held=FANS - FIRST)
    stage.note("out of credits")
    stage.house.kill("send")
    stage.house.kill("worker")
    stage.note("killed sender and worker")
    stage.house.start_sender()
    stage.house.start_worker()
    assert holds_for(lambda: stage.arrivals() == FIRST, seconds=stage.scale.window)
    wait_for(lambda: accounts(workspace) == books(FIRST), seconds=30, what="posted", house=stage.house)

    credits(workspace, SECOND)
    stand(stage, row, sent=FIRST + SECOND, held=FANS - FIRST - SECOND)
    stage.note(f"granted {SECOND}")
    credits(workspace, 100)
    wait_for(lambda: state_of(row) == ("done", ""), seconds=60, what="the campaign ends", house=stage.house)
    wait_for(
        lambda: accounts(workspace) == books(FANS, issued=FIRST + SECOND + 100),
        seconds=30,
        what="posted",
        house=stage.house,
    )
    stage.expect_exactly_once()
    assert faults(workspace) == []
    with cross_workspace("demo"):
        assert set(Delivery.objects.values_list("credit_state", flat=True)) == {"settled"}
    stage.tell(f"the books: {accounts(workspace)}")


def books(consumed: int, issued: int | None = None) -> dict[str, int]:
    """Balances when so much was sent of what was given."""
    given = issued or consumed
    found = {"issued": -given, "consumed": consumed, "available": given - consumed}
    return {kind: amount for kind, amount in found.items() if amount}


def stand(stage: Stage, row: Campaign, *, sent: int, held: int) -> None:
    wait_for(
        lambda: stage.states() == {"sent": sent, "held": held},
        seconds=60,
        what=f"{sent} sent and {held} held",
        house=stage.house,
    )
    assert state_of(row) == ("running", "credits")


def state_of(row: Campaign) -> tuple[str, str]:
    with cross_workspace("demo"):
        found = Campaign.objects.get(pk=row.pk)
    return found.state, found.state_reason
