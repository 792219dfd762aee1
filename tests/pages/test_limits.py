"""What pages say when a plan ends: the sentence, the way to another plan, and what was typed stays."""

from typing import Any

import pytest

from billing.types import Feature
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Delivery
from tests.factories.billing import limit

pytestmark = pytest.mark.django_db


def signed_in(client: Any, member: Any) -> Any:
    client.force_login(member.user)
    return client


def test_a_message_without_credits_stays_in_its_form(client: Any, world: Any) -> None:
    limit(world.owner.workspace, Feature.MESSAGES, 0)
    page = signed_in(client, world.owner)
    form = page.get("/onlyfans").context["form"]
    data = {
        "account": world.account.public_id,
        "recipient": world.fan.platform_user_id,
        "text": "a text that took long",
        "token": form["token"].value(),
        "priority": "5",
    }
    answer = page.post("/onlyfans/send", data)
    assert answer.status_code == 429
    assert "a text that took long" in answer.content.decode()
    assert "There are no message credits left." in answer.content.decode()
    with cross_workspace("demo"):
        assert not Delivery.objects.exists()
