"""Rows of messaging for tests."""

from typing import Any

import factory

from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Conversation, Delivery, Fan, Message
from messaging.services.send import text_digest
from tests.factories.accounts import TenantFactory


class FanFactory(TenantFactory):
    class Meta:
        model = Fan

    workspace = factory.SelfAttribute("account.workspace")
    platform_user_id = factory.Sequence(lambda n: str(5_000_000 + n))
    name = factory.Sequence(lambda n: f"Fan {n}")
    handle = factory.Sequence(lambda n: f"fan{n}")
    first_seen_at = factory.LazyFunction(clock.now)


def delivery(fan: Fan, member: Any, *, text: str = "Hello", **fields: Any) -> Delivery:
    """A message of `member` to `fan` with its delivery, queued now unless told otherwise."""
    now = clock.now()
    with cross_workspace("demo"):
        conversation, _ = Conversation.objects.get_or_create(
            fan=fan, defaults={"workspace_id": fan.workspace_id, "account": fan.account}
        )
        message = Message.objects.create(
            workspace_id=fan.workspace_id,
            account=fan.account,
            conversation=conversation,
            direction="out",
            author_kind="human",
            author=member,
            approved_by=member,
            approved_at=now,
            text=text,
            text_digest=text_digest(text),
            created_at=now,
        )
        defaults = {
            "state": "queued",
            "lane": "interactive",
            "priority": 5,
            "available_at": now,
            "queued_at": now,
            "promised_at": now,
        }
        return Delivery.objects.create(
            workspace_id=fan.workspace_id,
            account=fan.account,
            fan=fan,
            message=message,
            **(defaults | fields),
        )
