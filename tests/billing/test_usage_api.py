"""`GET /api/billing/usage`: what a workspace has used, and who may see it."""

from typing import Any

import pytest
import time_machine

from billing.services.ledger import reservations
from billing.types import AI_USD_PER_DOLLAR, Feature, Ref, Unit
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from tests.factories.accounts import MembershipFactory, WorkspaceFactory
from tests.factories.billing import credits, limit

pytestmark = pytest.mark.django_db
USAGE = "/api/billing/usage"
NOW = "2026-03-20T12:00:00Z"


@pytest.fixture
def place(purse: Any) -> Any:
    """An owner whose workspace may send five messages a month, with a pack of 20; three are under way, one was sent."""
    limit(purse, Feature.MESSAGES, 5)
    with time_machine.travel(NOW, tick=False), cross_workspace("demo"):
        now = clock.now()
        credits(purse, 20, now=now)
        for ref, count in (("a", 4), ("b", 1)):
            reservations.reserve(
                workspace_id=purse.pk, unit=Unit.MESSAGE, quantity=count, ref=Ref("test", ref), now=now
            )
        reservations.settle(
            workspace_id=purse.pk, unit=Unit.MESSAGE, ref=Ref("test", "b"), quantity=1, now=now
        )
        reservations.release(
            workspace_id=purse.pk, unit=Unit.MESSAGE, ref=Ref("test", "a"), quantity=1, now=now
        )
    return MembershipFactory(workspace=purse, role="owner")


def read(api: Any, member: Any) -> Any:
    with time_machine.travel(NOW, tick=False):
        return api(member).get(USAGE)


def test_it_says_what_was_used_and_what_is_left(place: Any, api: Any) -> None:
    data = read(api, place).json()
    assert (data["periodStart"], data["periodEnd"]) == (
        "2026-03-15T00:00:00.000Z",
        "2026-04-15T00:00:00.000Z",
    )
    assert data["features"]["messages"] == {
        "limit": 5, "used": 1, "reserved": 3, "remaining": 1, "resetDate": "2026-04-15T00:00:00.000Z",
    }  # fmt: skip
    assert data["features"]["seats"] == {
        "limit": 1, "used": 1, "reserved": 0, "remaining": 0, "resetDate": None,
    }  # fmt: skip
    assert data["features"]["apiCalls"] == {
        "limit": 100, "used": 1, "reserved": 0, "remaining": 99, "resetDate": "2026-04-15T00:00:00.000Z",
    }  # fmt: skip
    grants = data["messages"].pop("grants")
    assert data["messages"] == {"available": 21, "reserved": 3, "debt": 0}
    assert [(row["source"], row["remaining"], row["amount"], row["expiresAt"]) for row in grants] == [
        ("plan", 1, 5, "2026-04-15T00:00:00.000Z"),
        ("pack", 20, 20, None),
    ]
    assert data["ai"] == {"budget": "0.5", "spent": "0", "reserved": "0", "currency": "USD"}


def test_what_the_plan_still_gives_counts_before_it_is_asked_for(api: Any, purse: Any) -> None:
    limit(purse, Feature.MESSAGES, 100)
    data = read(api, MembershipFactory(workspace=purse, role="owner")).json()
    assert (data["features"]["messages"]["remaining"], data["messages"]["available"]) == (100, 100)


def test_without_limit_there_is_none(api: Any) -> None:
    owner = MembershipFactory(workspace=WorkspaceFactory(), role="owner")
    data = api(owner).get(USAGE).json()
    assert (data["features"]["messages"]["limit"], data["messages"]["available"], data["ai"]["budget"]) == (
        None, None, None,
    )  # fmt: skip


def test_ai_is_told_in_dollars_to_the_last_digit(place: Any, api: Any) -> None:
    with time_machine.travel(NOW, tick=False), cross_workspace("demo"):
        at = {
            "workspace_id": place.workspace_id,
            "unit": Unit.AI_USD,
            "ref": Ref("test", "ai"),
            "now": clock.now(),
        }
        reservations.reserve(**at, quantity=AI_USD_PER_DOLLAR // 10)
        reservations.settle(**at, quantity=123_456_789)
    assert read(api, place).json()["ai"] == {
        "budget": "0.5", "spent": "0.0123456789", "reserved": "0", "currency": "USD",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("role", "status"), [("owner", 200), ("manager", 200), ("chatter", 403), ("creator", 403)]
)
def test_owner_and_manager_see_it(api: Any, role: str, status: int) -> None:
    assert api(MembershipFactory(role=role)).get(USAGE).status_code == status


def test_an_outsider_sees_their_own(place: Any, api: Any, world: Any) -> None:
    data = read(api, world.outsider).json()
    assert data["features"]["messages"]["used"] == 0


def test_nobody_sees_nothing(api: Any) -> None:
    assert api().get(USAGE).status_code == 401
