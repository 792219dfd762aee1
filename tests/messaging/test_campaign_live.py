"""A campaign through a real pump to the sandbox: personal texts, lanes, pause, cancel, and taking back."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from accounts.models import Membership
from accounts.services.audit import Actor
from huntaze.kernel import clock, redis
from huntaze.kernel.limiter import Lane
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from messaging.models import Campaign, Delivery, Message
from messaging.selectors.campaigns import figures
from messaging.services import limits
from messaging.services.campaigns import steer, tend, unsend
from messaging.services.campaigns.progress import progress
from messaging.services.dead_letters import retry_failed
from messaging.services.sending.pump import Pump
from tests.factories.accounts import (
    CreatorFactory,
    MembershipFactory,
    PlatformAccountFactory,
    api_key,
)
from tests.factories.campaigns import campaign
from tests.factories.messaging import FanFactory, delivery
from tests.faults.house import wait_for
from tests.sandbox.server import Sandbox

WINDOW = 2.0
SYSTEM = Actor.system()
pytestmark = pytest.mark.django_db(transaction=True)


class Stage:
    """One account of the sandbox with some of its fans as our rows."""

    def __init__(
        self, platform: Sandbox, owner: Membership, external_id: str, count: int, **creator: Any
    ) -> None:
        self.owner = owner
        self.account = PlatformAccountFactory(
            creator=CreatorFactory(workspace=owner.workspace, **creator), external_id=external_id
        )
        rows = platform.control("GET", f"fans?account={external_id}&limit={count}")
        self.fans = [FanFactory(account=self.account, platform_user_id=str(row["id"])) for row in rows]
        assert len(self.fans) == count

    def campaign(self, **fields: Any) -> Campaign:
        include = [{"fan": fan.public_id} for fan in self.fans]
        return campaign(self.account, self.owner, include, **fields)


@pytest.fixture
def owner(transactional_db: None, settings: Any) -> Membership:
    settings.SEND_LIMIT_WINDOW_SECONDS = WINDOW
    member: Membership = MembershipFactory(role="owner")
    return member


@contextmanager
def pumping() -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(Pump(seconds=90, is_stopping=stop.is_set).run()))
    thread.start()
    try:
        wait_for(lambda: redis.client().get("send:epoch"), seconds=10, what="the limiter's log is there")
        yield
    finally:
        stop.set()
        thread.join()


def states(row: Campaign) -> Counter[str]:
    with cross_workspace("demo"):
        return Counter(Delivery.objects.filter(campaign=row).values_list("state", flat=True))


def start(row: Campaign) -> None:
    tend.tend(now=clock.now())
    assert set(states(row)) <= {"queued", "sending", "sent"}


def steered(deed: Any, row: Campaign) -> Any:
    with workspace_scope(row.workspace_id):
        promised = {"outlook": steer.outlook_for(row)} if deed in {steer.resume, steer.retry_failed} else {}
        return deed(campaign=row, actor=SYSTEM, now=clock.now(), **promised)


def state(row: Campaign) -> str:
    with cross_workspace("demo"):
        return str(Campaign.objects.get(pk=row.pk).state)


def test_everybody_gets_their_own_text_with_author_and_approver(platform: Sandbox, owner: Membership) -> None:
    stage = Stage(platform, owner, platform.account, 4, stage_name="Luna")
    for fan, name in zip(stage.fans, ["Sam Smith", "u12345", "", "{creatorName}"], strict=True):
        fan.name = name
        with cross_workspace("demo"):
            fan.save(update_fields=["name"])
    approver = MembershipFactory(workspace=owner.workspace, role="manager")
    row = stage.campaign(
        text="Hey {firstName|you}, {displayName|friend}: {creatorName}", approved_by=approver
    )
    with pumping():
        start(row)
        wait_for(lambda: states(row) == {"sent": 4}, seconds=30, what="all sent")
    tend.tend(now=clock.now())
    assert state(row) == "done"
    with cross_workspace("demo"):
        sent = list(Message.objects.filter(delivery__campaign=row).select_related("conversation"))
        texts = {message.conversation.fan_id: message.text.reveal() for message in sent}
        assert {(m.author_kind, m.author_id, m.approved_by_id, m.approved_at) for m in sent} == {
            ("campaign", owner.pk, approver.pk, row.approved_at)
        }
        ids = {str(m.platform_message_id) for m in sent}
    assert [texts[fan.pk] for fan in stage.fans] == [
        "Hey Sam, Sam Smith: Luna",
        "Hey you, u12345: Luna",
        "Hey you, friend: Luna",
        "Hey you, {creatorName}: Luna",
    ]
    assert ids == {str(item["messageId"]) for item in platform.sent()}


def test_a_reply_overtakes_and_another_account_is_not_delayed(platform: Sandbox, owner: Membership) -> None:
    stage = Stage(platform, owner, platform.account, 12)
    other = Stage(platform, owner, platform.other, 1)
    row = stage.campaign()
    waits = {}
    with pumping():
        start(row)
        wait_for(lambda: len(platform.sent()) >= 2, seconds=20, what="it is running")
        for name, place in (("own", stage), ("other", other)):
            queued = time.monotonic()
            single = delivery(place.fans[-1], owner, text=f"reply {name}", priority=1)
            limits.poke([(place.account.pk, Lane.INTERACTIVE)])
            wait_for(
                lambda key=single.public_id: _arrived(platform, key), seconds=20, what=f"the reply of {name}"
            )
            waits[name] = time.monotonic() - queued
        left = 12 - states(row)["sent"]
        wait_for(lambda: states(row) == {"sent": 12}, seconds=30, what="all sent")
    assert left >= 4
    assert max(waits.values()) < WINDOW / 2
    assert max(item["maxInWindow"] for item in platform.control("GET", f"limits?window={WINDOW}")) <= 10


def _arrived(platform: Sandbox, key: str) -> bool:
    return any(item["idempotencyKey"] == key for item in platform.sent())


def test_pause_resume_and_cancel_in_the_middle(platform: Sandbox, owner: Membership) -> None:
    stage = Stage(platform, owner, platform.account, 16)
    row = stage.campaign()
    with pumping():
        start(row)
        wait_for(lambda: len(platform.sent()) >= 3, seconds=20, what="three arrived")
        steered(steer.pause, row)
        time.sleep(0.5)
        paused = len(platform.sent())
        time.sleep(1.5)
        assert len(platform.sent()) == paused
        assert states(row) == {"sent": paused, "held": 16 - paused}
        steered(steer.resume, row)
        wait_for(lambda: len(platform.sent()) >= paused + 3, seconds=20, what="three more")
        steered(steer.cancel, row)
        time.sleep(0.5)
        ended = len(platform.sent())
        time.sleep(1.5)
        assert len(platform.sent()) == ended
    assert states(row) == {"sent": ended, "cancelled": 16 - ended}
    with workspace_scope(row.workspace_id):
        found = figures(row, clock.now())
    assert (found.deliveries, state(row)) == ({"sent": ended, "cancelled": 16 - ended}, "cancelled")
    assert Counter(item["fan"] for item in platform.sent()).most_common(1)[0][1] == 1


def test_a_row_that_slipped_by_a_pause_is_set_aside_at_the_claim(
    platform: Sandbox, owner: Membership
) -> None:
    stage = Stage(platform, owner, platform.account, 2)
    row = stage.campaign()
    start(row)
    steered(steer.pause, row)
    with cross_workspace("demo"):
        Delivery.objects.filter(campaign=row, fan=stage.fans[0]).update(state="queued")
    with pumping():
        limits.poke([(stage.account.pk, Lane.BULK)])
        wait_for(lambda: states(row) == {"held": 2}, seconds=10, what="it is held again")
    with cross_workspace("demo"):
        rows = set(Delivery.objects.filter(campaign=row).values_list("attempts", "message", "dispatched_at"))
    assert (rows, platform.sent()) == ({(0, None, None)}, [])


def test_a_dead_letter_of_a_campaign_that_is_done_goes_out_when_a_person_retries_it(
    platform: Sandbox, owner: Membership
) -> None:
    stage = Stage(platform, owner, platform.account, 2)
    row = stage.campaign()
    start(row)
    with cross_workspace("demo"):
        Delivery.objects.filter(campaign=row, fan=stage.fans[0]).update(state="failed")
    with pumping():
        limits.poke([(stage.account.pk, Lane.BULK)])
        wait_for(lambda: states(row) == {"sent": 1, "failed": 1}, seconds=20, what="one sent, one failed")
        tend.tend(now=clock.now())
        assert state(row) == "done"
        with workspace_scope(row.workspace_id):
            dead = Delivery.objects.get(campaign=row, state="failed")
            retry_failed(delivery=dead, actor=SYSTEM, now=clock.now())
        wait_for(lambda: states(row) == {"sent": 2}, seconds=20, what="both sent")
    assert state(row) == "done"


def test_taking_back_removes_what_can_be_and_leaves_what_was_bought(
    platform: Sandbox, owner: Membership
) -> None:
    stage = Stage(platform, owner, platform.account, 5)
    row = stage.campaign()
    with pumping():
        start(row)
        wait_for(lambda: states(row) == {"sent": 5}, seconds=30, what="all sent")
    tend.tend(now=clock.now())
    with cross_workspace("demo"):
        sent = {m.conversation.fan_id: m for m in Message.objects.filter(delivery__campaign=row)}
        Message.objects.filter(pk=sent[stage.fans[0].pk].pk).update(purchased_at=clock.now())
    with (
        connection.cursor() as cursor
    ):  # a text that can't be opened any more is no reason to leave it in the chat
        garbled = sent[stage.fans[1].pk].pk
        cursor.execute("UPDATE messaging_message SET text = 'garbage' WHERE id = %s", [garbled])
    _, tried = steered(steer.unsend, row)
    assert (tried, state(row)) == (5, "unsending")
    assert unsend.unsend_due(now=clock.now()) == 5
    tend.tend(now=clock.now())
    assert (state(row), states(row)) == ("unsent", {"unsent": 4, "sent": 1})
    with workspace_scope(row.workspace_id):
        found = progress(row, clock.now()).figures
    assert found.unsends == {"removed": 4, "bought": 1, "failed": 0, "waiting": 0}
    rows = platform.control("GET", f"messages?account={platform.account}&limit=200")
    deleted = {str(item["id"]): item["deleted"] for item in rows}
    taken = {pk: deleted[str(message.platform_message_id)] for pk, message in sent.items()}
    assert taken == {fan.pk: index > 0 for index, fan in enumerate(stage.fans)}


def test_taking_back_waits_while_the_platform_has_had_enough_of_all_of_us(
    platform: Sandbox, owner: Membership
) -> None:
    row = Stage(platform, owner, platform.account, 1).campaign()
    with pumping():
        start(row)
        wait_for(lambda: states(row) == {"sent": 1}, seconds=30, what="it is sent")
    tend.tend(now=clock.now())
    steered(steer.unsend, row)
    limits.limiter().wait_of_all(more=30)
    assert unsend.unsend_due(now=clock.now()) == 0
    redis.client().delete("send:hold")
    body = {"_meta": {"_rate_limits": {"limit_minute": 1000, "remaining_minute": 0}}}
    platform.fault("status", params={"code": 429, "body": body, "headers": {"Retry-After": "20"}})
    assert unsend.unsend_due(now=clock.now()) == 1
    assert 19 < limits.limiter().wait_of_all() <= 20
    assert states(row) == {"sent": 1}
    assert unsend.unsend_due(now=clock.now()) == 0


def test_taking_back_what_has_no_id_claims_nothing(platform: Sandbox, owner: Membership) -> None:
    """A person has seen it in the chat; the platform was never asked whether it can still be removed."""
    row = Stage(platform, owner, platform.account, 1).campaign()
    with pumping():
        start(row)
        wait_for(lambda: states(row) == {"sent": 1}, seconds=30, what="it is sent")
    tend.tend(now=clock.now())
    with cross_workspace("demo"):
        Message.objects.filter(delivery__campaign=row).update(platform_message_id=None)
    steered(steer.unsend, row)
    assert unsend.unsend_due(now=clock.now()) == 1
    with workspace_scope(row.workspace_id):
        found = progress(row, clock.now()).figures
    assert found.unsends == {"unknown": 1, "failed": 0, "waiting": 0}
    [kept] = platform.sent()
    chat = platform.control("GET", f"messages?account={platform.account}&limit=200")
    assert [item["deleted"] for item in chat if item["id"] == kept["messageId"]] == [False]


def test_failed_ones_are_queued_again(platform: Sandbox, owner: Membership) -> None:
    stage = Stage(platform, owner, platform.account, 3)
    with cross_workspace("demo"):
        type(stage.fans[0]).objects.filter(pk=stage.fans[0].pk).update(platform_user_id="4")
    row = stage.campaign()
    with pumping():
        start(row)
        wait_for(lambda: states(row) == {"sent": 2, "failed": 1}, seconds=30, what="two sent, one failed")
    tend.tend(now=clock.now())
    assert state(row) == "done"
    _, count = steered(steer.retry_failed, row)
    assert (count, state(row), states(row)) == (1, "running", {"sent": 2, "queued": 1})
    with cross_workspace("demo"):
        again = Delivery.objects.get(campaign=row, state="queued")
    assert (again.attempts, again.fan_id, again.last_error) == (1, stage.fans[0].pk, "not_found")


def test_progress_counts_the_rows_and_tells_the_end(platform: Sandbox, owner: Membership) -> None:
    stage = Stage(platform, owner, platform.account, 11)
    row = stage.campaign()
    start(row)
    with cross_workspace("demo"):
        pks = list(Delivery.objects.filter(campaign=row).order_by("pk").values_list("pk", flat=True))
        for index, name in enumerate(["sent", "sent", "failed", "uncertain", "scheduled", "sending"]):
            at = clock.now() if name == "sent" else None
            Delivery.objects.filter(pk=pks[index]).update(state=name, answered_at=at)
    with workspace_scope(row.workspace_id):
        now = clock.now()
        found = progress(Campaign.objects.get(pk=row.pk), now)
    assert found.figures.deliveries == {
        "queued": 5, "sent": 2, "failed": 1, "uncertain": 1, "scheduled": 1, "sending": 1,
    }  # fmt: skip
    assert (found.planned, found.rate_per_minute) == (11, 2.0)
    assert found.ends_at is not None
    assert abs((found.ends_at - now).total_seconds() - 6 * WINDOW / 10) < 0.3


def test_what_a_campaign_and_messages_beside_it_promise_comes_true(
    platform: Sandbox, owner: Membership
) -> None:
    """Its own end, a reply that overtakes it, and a message of less urgency that leaves after all of it."""
    account = platform.control("POST", "accounts", {"fans": 40})["id"]
    stage = Stage(platform, owner, account, 40)
    row = stage.campaign()
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {api_key(owner)}")
    with pumping():
        start(row)
        wait_for(lambda: len(platform.sent()) >= 5, seconds=20, what="it is running")
        with workspace_scope(row.workspace_id):
            ends_at = progress(Campaign.objects.get(pk=row.pk), clock.now()).ends_at
        assert ends_at is not None
        promised = {"campaign": ends_at.timestamp()}
        for priority in (2, 8):
            body = {"recipientId": stage.fans[0].public_id, "content": f"p{priority}", "priority": priority}
            answer = client.post("/api/onlyfans/messaging/send", body, format="json").json()
            promised[answer["messageId"]] = datetime.fromisoformat(answer["estimatedSendTime"]).timestamp()
        wait_for(lambda: len(platform.sent()) == 42, seconds=40, what="all are sent")
    with cross_workspace("demo"):
        keys = {}
        for sent in Delivery.objects.select_related("message"):
            keys[sent.public_id] = "campaign" if sent.campaign_id else sent.reference
    arrived: dict[str, float] = {}
    for item in platform.sent():
        name = keys[item["idempotencyKey"]]
        arrived[name] = max(item["acceptedAt"], arrived.get(name, 0.0))
    late = {name: round(arrived[name] - at, 2) for name, at in promised.items()}
    print("late by, in seconds:", late)
    assert max(map(abs, late.values())) < WINDOW / 2
