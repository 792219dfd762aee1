"""What messages cost: set aside when accepted, spent when sent, back when not; posted in batches, once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from accounts.models import Workspace
from accounts.services.audit import Actor
from billing.errors import CreditsExhausted
from billing.models import WorkspaceHold
from billing.types import Feature, GrantSource
from huntaze.kernel import clock
from huntaze.kernel.limiter import Grant, Lane
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from messaging.models import Campaign, CreditChange, Delivery
from messaging.rules.outcomes import Outcome
from messaging.services import credits, dead_letters
from messaging.services.campaigns import steer, tend
from messaging.services.sending.claims import claim
from messaging.services.sending.settle import settle
from messaging.types import DeliveryState
from tests.billing.books import accounts, faults
from tests.factories.billing import credits as give
from tests.factories.billing import limit
from tests.factories.campaigns import campaign
from tests.factories.messaging import FanFactory

SEND = "/api/onlyfans/messaging/send"
SYSTEM = Actor.system()


@pytest.fixture
def purse(world: Any) -> Workspace:
    """The workspace of the world, which may send three messages this month."""
    limit(world.owner.workspace, Feature.MESSAGES, 3)
    workspace: Workspace = world.owner.workspace
    return workspace


def send(api: Any, world: Any, **fields: Any) -> Any:
    body = {"recipientId": world.fan.public_id, "content": "Hello"} | fields
    return api(world.owner).post(SEND, body, format="json")


def only() -> Delivery:
    with cross_workspace("demo"):
        return Delivery.objects.select_related("message", "account").get()


def sending(outcome: Outcome) -> Delivery:
    """The one queued message is claimed, and this came of it."""
    row = only()
    grant = Grant(row.account_id, Lane(row.lane), 1, ("slot",))
    with cross_workspace("demo"):
        claimed = claim([grant], lease=30.0)
        settle([(found, outcome) for found in claimed])
    return only()


def failed() -> Outcome:
    return Outcome(DeliveryState.FAILED, code="not_found")


def post() -> int:
    return credits.post(now=clock.now())


pytestmark = pytest.mark.django_db


def test_an_accepted_message_sets_one_credit_aside(api: Any, world: Any, purse: Workspace) -> None:
    assert send(api, world).status_code == 202
    assert accounts(purse) == {"issued": -3, "available": 2, "reserved": 1}
    assert only().credit_state == "reserved"


def test_without_credits_nothing_is_accepted(api: Any, world: Any, purse: Workspace) -> None:
    limit(purse, Feature.MESSAGES, 0)
    answer = send(api, world)
    body = answer.json()
    assert (answer.status_code, body["error"], body["limit"], body["used"]) == (
        429,
        "Usage limit exceeded",
        0,
        0,
    )
    assert body["resetDate"].endswith("T00:00:00.000Z")
    with cross_workspace("demo"):
        assert not Delivery.objects.exists()


def test_a_pack_pays_when_the_plan_is_spent(api: Any, world: Any, purse: Workspace) -> None:
    limit(purse, Feature.MESSAGES, 0)
    give(purse, 1, source=GrantSource.PACK)
    assert [send(api, world).status_code for _ in range(2)] == [202, 429]


def test_the_same_request_costs_once(api: Any, world: Any, purse: Workspace) -> None:
    client = api(world.owner)
    body = {"recipientId": world.fan.public_id, "content": "Hello"}
    for _ in range(2):
        client.post(SEND, body, format="json", HTTP_IDEMPOTENCY_KEY="one")
    assert accounts(purse) == {"issued": -3, "available": 2, "reserved": 1}


def test_what_was_sent_is_spent_when_it_is_posted_and_once(api: Any, world: Any, purse: Workspace) -> None:
    send(api, world)
    row = sending(Outcome(DeliveryState.SENT, platform_message_id="p1", is_slot_used=True))
    assert (row.state, row.credit_state) == ("sent", "settled")
    assert accounts(purse)["reserved"] == 1
    assert (post(), post()) == (1, 0)
    assert accounts(purse) == {"issued": -3, "available": 2, "consumed": 1}
    assert faults(purse) == []


def test_what_failed_comes_back_and_costs_again_when_it_is_tried_again(
    api: Any, world: Any, purse: Workspace
) -> None:
    send(api, world)
    row = sending(failed())
    assert (row.state, row.credit_state) == ("failed", "released")
    post()
    assert accounts(purse) == {"issued": -3, "available": 3}
    with workspace_scope(purse.pk):
        dead_letters.retry_failed(delivery=row, actor=SYSTEM, now=clock.now())
    assert (only().state, only().credit_state) == ("queued", "reserved")
    assert accounts(purse) == {"issued": -3, "available": 2, "reserved": 1}


def test_a_dead_letter_stays_one_without_credits(api: Any, world: Any, purse: Workspace) -> None:
    limit(purse, Feature.MESSAGES, 1)
    send(api, world)
    row = sending(failed())
    post()
    give_nothing = {"delivery": row, "actor": SYSTEM, "now": clock.now()}
    assert send(api, world).status_code == 202
    with workspace_scope(purse.pk), pytest.raises(CreditsExhausted):
        dead_letters.retry_failed(**give_nothing)
    with cross_workspace("demo"):
        assert Delivery.objects.get(pk=row.pk).state == "failed"


def test_a_withdrawn_message_gives_its_credit_back(api: Any, world: Any, purse: Workspace) -> None:
    send(api, world, scheduledAt=(clock.now() + timedelta(hours=1)).isoformat())
    row = only()
    with workspace_scope(purse.pk):
        dead_letters.cancel(delivery=row, actor=SYSTEM, now=clock.now())
    post()
    assert accounts(purse) == {"issued": -3, "available": 3}


def test_an_uncertain_message_keeps_its_credit_until_it_is_known(
    api: Any, world: Any, purse: Workspace
) -> None:
    send(api, world)
    row = sending(Outcome(DeliveryState.UNCERTAIN, code="timeout", is_slot_used=True))
    assert (row.state, row.credit_state, post()) == ("uncertain", "reserved", 0)
    with workspace_scope(purse.pk):
        dead_letters.it_arrived(delivery=row, actor=SYSTEM, now=clock.now())
    post()
    assert accounts(purse) == {"issued": -3, "available": 2, "consumed": 1}


def test_the_credits_of_deleted_rows_are_found_and_given_back(api: Any, world: Any, purse: Workspace) -> None:
    send(api, world)
    send(api, world)
    with cross_workspace("demo"):
        Delivery.objects.order_by("pk")[0].delete()
    later = clock.now() + credits.SETTLED_IN
    assert (credits.sweep(now=clock.now()), credits.sweep(now=later), credits.sweep(now=later)) == (0, 1, 0)
    assert accounts(purse) == {"issued": -3, "available": 2, "reserved": 1}


def test_what_is_noted_and_not_posted_yet_is_no_orphan(api: Any, world: Any, purse: Workspace) -> None:
    send(api, world)
    sending(Outcome(DeliveryState.SENT, platform_message_id="p1", is_slot_used=True))
    assert credits.sweep(now=clock.now() + credits.SETTLED_IN) == 0
    post()
    assert accounts(purse)["consumed"] == 1


def test_nothing_leaves_a_workspace_that_is_held(api: Any, world: Any, purse: Workspace) -> None:
    send(api, world)
    with cross_workspace("demo"):
        hold = WorkspaceHold.objects.create(workspace=purse, since=clock.now())
        grant = Grant(world.account.pk, Lane.INTERACTIVE, 1, ("slot",))
        assert claim([grant], lease=30.0) == []
        hold.delete()
        assert len(claim([grant], lease=30.0)) == 1


# --- campaigns


def launch(world: Any, fans: int = 5, **fields: Any) -> Campaign:
    """A campaign to so many fans, after its turn has come."""
    people = [FanFactory(account=world.account) for _ in range(fans)]
    row = campaign(
        world.account,
        world.owner,
        [{"fan": fan.public_id} for fan in people],
        approved_by=world.manager,
        **fields,
    )
    tend.tend(now=clock.now())
    return row


def rows_of(row: Campaign) -> list[tuple[str, str]]:
    with cross_workspace("demo"):
        found = Delivery.objects.filter(campaign=row).order_by("pk")
        return list(found.values_list("state", "credit_state"))


def reason(row: Campaign) -> tuple[str, str]:
    with cross_workspace("demo"):
        found = Campaign.objects.get(pk=row.pk)
    return found.state, found.state_reason


PAID, WAITS = ("queued", "reserved"), ("held", "wanted")


def test_a_campaign_goes_as_far_as_the_credits_and_says_why(world: Any, purse: Workspace) -> None:
    row = launch(world)
    assert (rows_of(row), reason(row)) == ([PAID] * 3 + [WAITS] * 2, ("running", "credits"))
    assert accounts(purse) == {"issued": -3, "reserved": 3}
    tend.tend(now=clock.now())
    assert rows_of(row) == [PAID] * 3 + [WAITS] * 2


def test_a_plan_says_what_it_costs_and_which_credits_pay(api: Any, world: Any, purse: Workspace) -> None:
    give(purse, 1, source=GrantSource.PACK)
    people = [{"fan": FanFactory(account=world.account).public_id} for _ in range(5)]
    row = campaign(world.account, world.owner, people, state="draft", plan=None)
    path = f"/api/onlyfans/campaigns/{row.public_id}"
    found = api(world.owner).post(f"{path}/plan").json()["credits"]
    pays = [(share["source"], share["amount"]) for share in found.pop("paidBy")]
    assert found == {"cost": 5, "available": 4, "availableAfter": 0, "missing": 1}
    assert pays == [("plan", 3), ("pack", 1)]
    assert api(world.owner).get(f"{path}/preview").json()["credits"]["missing"] == 1


def test_it_goes_on_when_there_are_more(world: Any, purse: Workspace) -> None:
    row = launch(world)
    give(purse, 1)
    tend.tend(now=clock.now())
    assert (rows_of(row), reason(row)) == ([PAID] * 4 + [WAITS], ("running", "credits"))
    give(purse, 5)
    tend.tend(now=clock.now())
    assert (rows_of(row), reason(row)) == ([PAID] * 5, ("running", ""))
    assert faults(purse) == []


def test_a_campaign_with_caps_is_paid_whole_and_paced(world: Any, purse: Workspace) -> None:
    limit(purse, Feature.MESSAGES, 4)
    row = launch(world, most_per_hour=1)
    assert rows_of(row) == [PAID] + [("held", "reserved")] * 3 + [WAITS]


def test_without_any_credit_all_of_it_is_held(world: Any, purse: Workspace) -> None:
    limit(purse, Feature.MESSAGES, 0)
    row = launch(world)
    assert (rows_of(row), reason(row), accounts(purse)) == ([WAITS] * 5, ("running", "credits"), {})


def test_a_cancelled_campaign_gives_back_what_has_not_left(world: Any, purse: Workspace) -> None:
    row = launch(world)
    with workspace_scope(purse.pk):
        steer.cancel(campaign=row, actor=SYSTEM, now=clock.now())
    post()
    assert rows_of(row) == [("cancelled", "released")] * 3 + [("cancelled", "wanted")] * 2
    assert accounts(purse) == {"issued": -3, "available": 3}
    assert faults(purse) == []


def test_a_campaign_that_was_not_approved_after_all_costs_nothing(world: Any, purse: Workspace) -> None:
    people = [FanFactory(account=world.account) for _ in range(3)]
    row = campaign(world.account, world.owner, [{"fan": fan.public_id} for fan in people], price_minor=10_100)
    tend.tend(now=clock.now())
    assert (reason(row)[0], rows_of(row), accounts(purse)) == ("awaiting_approval", [], {})


def test_dead_letters_of_a_campaign_wait_for_credits_too(world: Any, purse: Workspace) -> None:
    row = launch(world, fans=3)
    with cross_workspace("demo"):
        pks = list(Delivery.objects.filter(campaign=row).values_list("pk", flat=True))
        Delivery.objects.filter(pk__in=pks).update(state="failed")
        credits.end(pks)
    post()
    limit(purse, Feature.MESSAGES, 0)
    with workspace_scope(purse.pk):
        outlook = steer.outlook_for(row)
        steer.retry_failed(campaign=row, outlook=outlook, actor=SYSTEM, now=clock.now())
    assert rows_of(row) == [PAID] * 3
    post()
    assert accounts(purse) == {"issued": -3, "reserved": 3}


# --- several at once


@pytest.mark.django_db(transaction=True)
def test_several_posters_post_each_note_once(api: Any, world: Any, purse: Workspace) -> None:
    limit(purse, Feature.MESSAGES, 40)
    launch(world, fans=40)
    with cross_workspace("demo"):
        pks = list(Delivery.objects.values_list("pk", flat=True))
        Delivery.objects.filter(pk__in=pks).update(state="sent")
        for pk in pks:
            credits.end([pk])
        assert CreditChange.objects.count() == 40
    start = threading.Barrier(8)

    def go(_: int) -> int:
        try:
            start.wait(10)
            return post()
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(go, range(8))) == 40
    assert accounts(purse) == {"issued": -40, "consumed": 40}


@pytest.mark.django_db(transaction=True)
def test_two_campaigns_and_single_messages_share_what_there_is(
    api: Any, world: Any, purse: Workspace
) -> None:
    limit(purse, Feature.MESSAGES, 30)
    people = [
        FanFactory(account=account) for account in (world.account, world.other_account) for _ in range(20)
    ]
    for account in (world.account, world.other_account):
        mine = [{"fan": fan.public_id} for fan in people if fan.account_id == account.pk]
        campaign(account, world.owner, mine, approved_by=world.manager)
    clients = [api(world.owner) for _ in range(10)]
    start = threading.Barrier(12)

    def go(number: int) -> str:
        try:
            start.wait(10)
            if number >= 10:
                tend.tend(now=clock.now())
                return "tended"
            body = {"recipientId": world.fan.public_id, "content": f"Hello {number}"}
            return str(clients[number].post(SEND, body, format="json").status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(go, range(12)))
    tend.tend(now=clock.now())
    with cross_workspace("demo"):
        paid = Delivery.objects.filter(credit_state="reserved").count()
        held = Delivery.objects.filter(credit_state="wanted").count()
    assert (paid, paid + held) == (30, 40 + found.count("202"))
    assert accounts(purse) == {"issued": -30, "reserved": 30}
    assert faults(purse) == []
