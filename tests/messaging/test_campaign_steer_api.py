"""A running campaign in hand through the API, and on the staff's pages."""

from typing import Any

import pytest
from django.test import Client

from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Delivery, FanList, Segment
from messaging.services.campaigns import tend
from tests.factories.accounts import UserFactory
from tests.factories.campaigns import campaign
from tests.factories.messaging import FanFactory

CAMPAIGNS = "/api/onlyfans/campaigns"


@pytest.fixture
def running(world: Any) -> Any:
    """Of four fans one can't receive; of the other three one has it, one failed, one waits."""
    fans = [world.fan, *(FanFactory(account=world.account) for _ in range(2))]
    fans.append(FanFactory(account=world.account, can_receive=False))
    row = campaign(world.account, world.owner, [{"fan": fan.public_id} for fan in fans])
    tend.tend(now=clock.now())
    with cross_workspace("demo"):
        pks = list(Delivery.objects.filter(campaign=row).order_by("pk").values_list("pk", flat=True))
        Delivery.objects.filter(pk=pks[0]).update(state="sent", answered_at=clock.now())
        Delivery.objects.filter(pk=pks[1]).update(state="failed", attempts=5)
    return row


def act(client: Any, row: Any, deed: str, **extra: Any) -> Any:
    return client.post(f"{CAMPAIGNS}/{row.public_id}/{deed}", format="json", **extra)


def totals(**counts: int) -> dict[str, int]:
    names = "planned excluded held queued sending sent uncertain failed cancelled unsent bought"
    return dict.fromkeys(names.split(), 0) | {"planned": 3, "excluded": 1, "sent": 1, "failed": 1} | counts


def test_progress_has_the_fixed_shape(world: Any, api: Any, running: Any) -> None:
    data = api(world.chatter).get(f"{CAMPAIGNS}/{running.public_id}/progress").json()
    assert data["totals"] == totals(queued=1)
    assert (data["id"], data["status"], data["ratePerMinute"]) == (running.public_id, "running", 1.0)
    assert data["excludedBy"] == {"cannotReceive": 1}
    assert data["unsend"] == {"failed": 0, "waiting": 0}
    assert data["caps"] == []
    assert data["approval"]["by"] == world.owner.public_id
    assert data["estimatedCompletionTime"] is not None


def test_progress_says_how_much_of_each_cap_is_used(world: Any, api: Any) -> None:
    fans = [FanFactory(account=world.account) for _ in range(3)]
    row = campaign(world.account, world.owner, [{"fan": fan.public_id} for fan in fans], most_per_hour=2)
    tend.tend(now=clock.now())
    data = api(world.owner).get(f"{CAMPAIGNS}/{row.public_id}/progress").json()
    assert data["caps"] == [{"per": "hour", "most": 2, "used": 2}]
    assert data["totals"] == dict.fromkeys(data["totals"], 0) | {"planned": 3, "held": 1, "queued": 2}


def test_pause_resume_retry_and_cancel(world: Any, api: Any, running: Any) -> None:
    client = api(world.owner)
    paused = act(client, running, "pause").json()
    assert (paused["status"], paused["totals"], paused["estimatedCompletionTime"]) == (
        "paused",
        totals(held=1),
        None,
    )
    assert act(client, running, "pause").status_code == 409
    resumed = act(client, running, "resume", HTTP_IDEMPOTENCY_KEY="r-1")
    again = act(client, running, "resume", HTTP_IDEMPOTENCY_KEY="r-1")
    assert (resumed.json()["status"], resumed.json()["totals"]) == ("running", totals(queued=1))
    assert (again.status_code, again.json()) == (200, resumed.json())
    retried = act(client, running, "retry-failed", HTTP_IDEMPOTENCY_KEY="f-1")
    assert (retried.status_code, retried.json()["queued"], retried.json()["failed"]) == (202, 1, 0)
    assert act(client, running, "retry-failed", HTTP_IDEMPOTENCY_KEY="f-1").json() == retried.json()
    cancelled = act(client, running, "cancel").json()
    assert (cancelled["status"], cancelled["totals"]) == ("cancelled", totals(failed=0, cancelled=2))


def test_resume_waits_for_the_turn(world: Any, api: Any, running: Any) -> None:
    client = api(world.owner)
    act(client, running, "pause")
    other = campaign(world.account, world.owner, [{"fan": world.fan.public_id}])
    tend.tend(now=clock.now())
    answer = act(client, running, "resume")
    assert (answer.status_code, answer.json()["code"]) == (409, "turn_taken")
    assert act(client, other, "cancel").status_code == 200
    assert act(client, running, "resume").status_code == 200


def test_a_row_that_may_have_arrived_is_not_called_cancelled(world: Any, api: Any, running: Any) -> None:
    with cross_workspace("demo"):
        Delivery.objects.filter(campaign=running, state="queued").update(replays=1)
    data = act(api(world.owner), running, "cancel").json()
    assert data["totals"] == totals(uncertain=1)


def test_a_chatter_steers_nothing(world: Any, api: Any, running: Any) -> None:
    client = api(world.chatter)
    deeds = ("pause", "resume", "cancel", "unsend", "retry-failed", "launch")
    assert {act(client, running, deed).status_code for deed in deeds} == {403}
    assert {act(api(world.outsider), running, deed).status_code for deed in deeds} == {404}
    data = api(world.owner).get(f"{CAMPAIGNS}/{running.public_id}/progress").json()
    assert (data["status"], data["totals"]) == ("running", totals(queued=1))


def test_a_campaigns_row_is_found_by_its_own_id(world: Any, api: Any, running: Any) -> None:
    with cross_workspace("demo"):
        failed = Delivery.objects.get(campaign=running, state="failed")
    client = api(world.owner)
    assert failed.public_id.startswith("dlv_")
    answer = client.post(f"/api/onlyfans/messaging/{failed.public_id}/retry", format="json")
    assert (answer.status_code, answer.json()["messageId"]) == (202, failed.public_id)


def test_staff_see_campaigns_lists_and_segments(world: Any, running: Any, client: Client) -> None:
    with cross_workspace("demo"):
        FanList.objects.create(
            workspace=world.account.workspace, account=world.account, name="L", created_at=clock.now()
        )
        Segment.objects.create(
            workspace=world.account.workspace, account=world.account, name="S", conditions={"all": []},
            created_at=clock.now(), updated_at=clock.now(),
        )  # fmt: skip
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    for name, shown in (("campaign", "Friday"), ("fanlist", "lst_"), ("segment", "seg_")):
        answer = client.get(f"/admin/messaging/{name}/")
        assert answer.status_code == 200
        assert shown in answer.content.decode()
    page = client.get(f"/admin/messaging/campaign/{running.pk}/change/").content.decode()
    assert "Hey {firstName" not in page
