"""Why messages wait although nothing is wrong with them, in words: on the page, in the status, in the form."""

from datetime import timedelta
from typing import Any

import pytest

from billing.models import Plan, SubscriptionRecord, WorkspaceHold
from billing.selectors import cache
from billing.types import Feature
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from messaging.services.campaigns import tend
from tests.factories.billing import limit
from tests.factories.campaigns import campaign
from tests.factories.messaging import FanFactory, delivery

pytestmark = pytest.mark.django_db
UNPAID = "The subscription is unpaid, so nothing leaves this workspace."


@pytest.fixture
def unpaid(world: Any) -> Any:
    """The world's workspace has not paid for long."""
    now = clock.now()
    with cross_workspace("demo"):
        SubscriptionRecord.objects.create(
            workspace=world.owner.workspace,
            plan=Plan.objects.get(key="pro"),
            status="unpaid",
            access_status="unpaid",
            current_period_start=now,
            current_period_end=now,
        )
        WorkspaceHold.objects.create(workspace=world.owner.workspace, since=now)
    cache.forget()
    return world


def signed_in(client: Any, member: Any) -> Any:
    client.force_login(member.user)
    return client


def test_an_unpaid_workspace_says_so_on_the_page_and_on_each_message(client: Any, unpaid: Any) -> None:
    row = delivery(unpaid.fan, unpaid.owner, state="queued")
    page = signed_in(client, unpaid.owner).get("/onlyfans").content.decode()
    assert UNPAID in page
    assert "Waits until the subscription is paid." in page
    assert 'href="/billing">To the billing page' in page
    receipt = client.get(f"/onlyfans/messages/{row.reference}", headers={"HX-Request": "true"})
    assert UNPAID in receipt.content.decode()


def test_what_was_typed_stays_in_the_form_of_an_unpaid_workspace(client: Any, unpaid: Any) -> None:
    page = signed_in(client, unpaid.owner)
    data = {
        "account": unpaid.account.public_id,
        "recipient": unpaid.fan.platform_user_id,
        "text": "a text that took long",
        "token": page.get("/onlyfans").context["form"]["token"].value(),
        "priority": "5",
    }
    answer = page.post("/onlyfans/send", data)
    assert answer.status_code == 403
    for words in ("a text that took long", "The subscription is unpaid, so nothing new is queued."):
        assert words in answer.content.decode()


def test_who_may_not_see_billing_is_told_and_not_sent_there(client: Any, unpaid: Any) -> None:
    page = signed_in(client, unpaid.chatter).get("/onlyfans").content.decode()
    assert UNPAID in page
    assert "To the billing page" not in page


def test_an_overdue_payment_is_announced_with_its_end(client: Any, unpaid: Any) -> None:
    since = clock.now() - timedelta(hours=5)
    with cross_workspace("demo"):
        WorkspaceHold.objects.all().delete()
        SubscriptionRecord.objects.update(status="past_due", access_status="past_due", past_due_since=since)
    cache.forget()
    page = signed_in(client, unpaid.owner).get("/onlyfans")
    assert page.context["board"].grace_ends_at == since + timedelta(hours=72)
    assert "The last payment failed. Everything goes on until" in page.content.decode()
    assert UNPAID not in page.content.decode()


def test_a_campaign_without_credits_says_what_helps(client: Any, api: Any, world: Any) -> None:
    limit(world.owner.workspace, Feature.MESSAGES, 0)
    people = [{"fan": FanFactory(account=world.account).public_id} for _ in range(2)]
    campaign(world.account, world.owner, people, approved_by=world.manager)
    tend.tend(now=clock.now())
    page = signed_in(client, world.owner).get("/onlyfans").content.decode()
    assert "A campaign waits because there are no message credits left." in page
    health = api(world.owner).get("/api/onlyfans/messaging/status").json()["health"]
    assert health == {
        "status": "degraded",
        "message": "A campaign waits for message credits: buy a pack or change the plan.",
    }
