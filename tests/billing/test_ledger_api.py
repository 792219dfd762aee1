"""`GET /api/billing/ledger`: every movement once, in pages, and why."""

from typing import Any

import pytest

from billing.services.ledger import reservations
from billing.types import Feature, GrantSource, Ref, Unit
from huntaze.kernel import clock
from huntaze.kernel.tenancy import workspace_scope
from tests.factories.billing import credits, limit

pytestmark = pytest.mark.django_db
LEDGER = "/api/billing/ledger"


@pytest.fixture
def used(world: Any) -> Any:
    """Five movements: a pack, two reservations, one of them spent, the other one given back."""
    workspace = world.owner.workspace
    limit(workspace, Feature.MESSAGES, 0)
    credits(workspace, 10, source=GrantSource.PACK)
    with workspace_scope(workspace.pk):
        at: dict[str, Any] = {"workspace_id": workspace.pk, "unit": Unit.MESSAGE, "now": clock.now()}
        one, two = Ref("delivery", "dlv_one"), Ref("campaign", "cmp_two#7")
        reservations.reserve(**at, quantity=1, ref=one)
        reservations.reserve(**at, quantity=4, ref=two)
        reservations.settle(**at, quantity=1, ref=one)
        reservations.release(**at, ref=two)
    return world


def test_movements_come_in_pages_with_their_causes(api: Any, used: Any) -> None:
    client, seen, cursor, pages = api(used.manager), [], "", 0
    while pages == 0 or cursor:
        body = client.get(LEDGER, {"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen += body["transactions"]
        cursor, pages = body["nextCursor"], pages + 1
    assert pages == 3
    assert [(row["kind"], row["cause"]["kind"], row["changes"]) for row in seen] == [
        ("release", "campaign", {"reserved": -4, "available": 4}),
        ("settle", "delivery", {"reserved": -1, "consumed": 1}),
        ("reserve", "campaign", {"available": -4, "reserved": 4}),
        ("reserve", "delivery", {"available": -1, "reserved": 1}),
        ("grant", "pack", {"issued": -10, "available": 10}),
    ]
    assert [row["cause"]["id"] for row in seen[:2]] == ["cmp_two", "dlv_one"]
    assert {len(row["id"]) for row in seen} == {30}


def test_a_cursor_of_another_workspace_is_none(api: Any, used: Any) -> None:
    cursor = api(used.owner).get(LEDGER, {"limit": 1}).json()["nextCursor"]
    answer = api(used.outsider).get(LEDGER, {"cursor": cursor})
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (400, "cursor")
    assert api(used.outsider).get(LEDGER).json()["transactions"] == []


@pytest.mark.parametrize("query", [{"unit": "dollars"}, {"limit": "0"}, {"limit": "201"}, {"cursor": "zzz"}])
def test_what_is_no_question_is_refused(api: Any, used: Any, query: dict[str, str]) -> None:
    assert api(used.owner).get(LEDGER, query).status_code == 400
