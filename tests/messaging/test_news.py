"""What endpoints hear of messages: in the same transaction, ids and states only, nothing while nobody listens."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import WebhookDelivery, WebhookSubscription
from accounts.rules.webhooks import EventKind
from accounts.services.audit import Actor
from accounts.types import AccountState
from huntaze.kernel import clock
from huntaze.kernel.briefly import Briefly
from huntaze.kernel.limiter import Lane
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from huntaze.platforms.errors import Permanent, Uncertain
from messaging.rules import outcomes
from messaging.services import news
from messaging.services.dead_letters import it_arrived
from messaging.services.inbound_handlers import account_changed, message_received
from messaging.services.sending import settle as settling
from messaging.services.sending.claims import Claimed
from messaging.services.sending.upkeep import rescue
from messaging.types import Receipt
from tests.factories.accounts import PlatformAccountFactory
from tests.factories.campaigns import campaign
from tests.factories.messaging import delivery
from tests.factories.webhooks import SECRET

SENT = outcomes.of_receipt(Receipt(platform_message_id="77001"))


def listen(member: Any) -> None:
    with cross_workspace("demo"):
        WebhookSubscription.objects.create(
            workspace=member.workspace,
            url="https://example.com/",
            events=[str(kind) for kind in EventKind],
            secret=SECRET,
            created_at=clock.now(),
        )


def heard() -> list[dict[str, Any]]:
    with cross_workspace("demo"):
        return [json.loads(row.body) for row in WebhookDelivery.objects.order_by("pk")]


def sending(world: Any, **more: Any) -> Any:
    return delivery(
        world.fan,
        world.owner,
        text="A secret text",
        state="sending",
        attempts=1,
        lease_token=uuid4(),
        leased_until=clock.now() - timedelta(minutes=1),
        **more,
    )


def settle(row: Any, outcome: outcomes.Outcome) -> None:
    claimed = Claimed(row.pk, row.account_id, Lane.INTERACTIVE, row.lease_token)
    with cross_workspace("demo"):
        settling.settle([(claimed, outcome)])


def failed(error: Any) -> outcomes.Outcome:
    return outcomes.of_error(error, attempts=1, spread=0.0, lookup_after=60.0)


@pytest.mark.parametrize(
    ("outcome", "kind", "state", "reason"),
    [
        (SENT, "message.sent", "sent", None),
        (failed(Permanent("not_subscribed")), "message.failed", "failed", "not_subscribed"),
        (failed(Uncertain("timeout")), "message.uncertain", "uncertain", "timeout"),
    ],
)
def test_an_end_is_told_with_ids_and_no_text(
    world: Any, outcome: outcomes.Outcome, kind: str, state: str, reason: str | None
) -> None:
    listen(world.owner)
    row = sending(world)
    settle(row, outcome)
    (said,) = heard()
    assert said["type"] == kind
    assert said["data"] == {
        "messageId": row.reference,
        "deliveryId": row.public_id,
        "accountId": world.account.public_id,
        "fanId": world.fan.public_id,
        "campaignId": None,
        "state": state,
        "reason": reason,
        "attempts": 1,
    }
    assert "secret text" not in json.dumps(said)


def test_what_will_be_tried_again_is_not_told(world: Any) -> None:
    listen(world.owner)
    settle(sending(world), outcomes.never_sent())
    assert heard() == []


def test_what_was_settled_by_somebody_else_is_not_told_twice(world: Any) -> None:
    listen(world.owner)
    row = sending(world)
    settle(row, SENT)
    settle(row, SENT)
    assert len(heard()) == 1


def test_another_workspace_hears_nothing(world: Any) -> None:
    listen(world.outsider)
    settle(sending(world), SENT)
    assert heard() == []


def test_the_news_is_undone_with_the_settlement(world: Any) -> None:
    listen(world.owner)
    row = sending(world)
    with transaction.atomic():
        settle(row, SENT)
        transaction.set_rollback(True)
    assert heard() == []


def test_while_nobody_listens_a_batch_costs_no_query_more(world: Any) -> None:
    rows = [sending(world) for _ in range(3)]
    claimed = [Claimed(row.pk, row.account_id, Lane.INTERACTIVE, row.lease_token) for row in rows]
    with cross_workspace("demo"), CaptureQueriesContext(connection) as queries:
        settling.settle([(row, failed(Permanent("not_subscribed"))) for row in claimed])
    asked = [query["sql"] for query in queries if "accounts_webhook" in query["sql"]]
    assert asked == []


def test_a_lost_sender_and_a_persons_word_are_told(world: Any) -> None:
    listen(world.owner)
    row = sending(world)
    with cross_workspace("demo"):
        assert rescue(lookup_after=0.0) == 1
        it_arrived(delivery=row, actor=Actor.system(), now=clock.now())
    assert [said["type"] for said in heard()] == ["message.uncertain", "message.sent"]


def test_a_fans_message_is_told_once_and_without_its_text(world: Any) -> None:
    listen(world.owner)
    payload = {
        "id": 9001,
        "text": "A secret text",
        "fromUser": {"id": world.fan.platform_user_id},
        "createdAt": "2026-01-15T12:00:00+00:00",
    }
    with workspace_scope(world.owner.workspace_id):
        for _ in range(2):
            message_received(world.account, payload, clock.now())
    (said,) = heard()
    assert (said["type"], said["data"]["fanId"]) == ("message.received", world.fan.public_id)
    assert "secret text" not in json.dumps(said)


def test_an_account_that_has_to_be_connected_anew_is_told_once(world: Any) -> None:
    listen(world.owner)
    with cross_workspace("demo"):
        for _ in range(2):
            now = clock.now()
            account_changed(world.account, AccountState.EXPIRED, "accounts.session_expired", {}, now)
    (said,) = heard()
    assert (said["type"], said["data"]) == (
        "account.needs_reauth",
        {"accountId": world.account.public_id, "state": "expired", "reason": "accounts.session_expired"},
    )


def test_pages_are_told_of_more_accounts_and_campaigns_than_a_process_remembers(
    world: Any, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "_met", Briefly(most=1))
    monkeypatch.setattr(news, "_ran", Briefly(most=1))
    accounts = [world.account, PlatformAccountFactory(creator=world.creator)]
    row = campaign(world.account, world.owner, [{"fan": world.fan.public_id}])
    with cross_workspace("demo"), django_capture_on_commit_callbacks() as told:
        for _ in range(2):
            news.show_queues([account.pk for account in accounts])
        news.show_campaigns([row.pk])
    names = [sorted(event.name for event in one.args[0]) for one in told]
    queues = sorted(f"queue_{account.public_id}" for account in accounts)
    assert names == [queues, queues, [f"job_{row.public_id}", "jobs"]]
    assert (len(news._met._kept), len(news._ran._kept)) == (1, 1)
