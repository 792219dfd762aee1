"""A subscription that is not paid any more: everything goes on for 72 hours, then nothing leaves and nothing is lost,
and with the payment it goes on by itself."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import time_machine
from rest_framework.test import APIClient

from accounts.services.audit import Actor
from billing.selectors import cache
from billing.services import access
from billing.services.entitlements import can
from billing.types import Feature
from huntaze.kernel.limiter import Grant, Lane
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from messaging.models import Delivery
from messaging.services import dead_letters
from messaging.services.credits import post
from messaging.services.sending.claims import claim
from messaging.types import DeliveryState
from tests.billing.books import accounts, faults
from tests.billing.stripe.conftest import Shop
from tests.factories.accounts import CreatorFactory, PlatformAccountFactory
from tests.factories.billing import credits
from tests.factories.messaging import FanFactory

READ_ONLY = "This workspace is read-only until its subscription is paid on the billing page"
SEND, STATUS = "/api/onlyfans/messaging/send", "/api/onlyfans/messaging/status"


def test_an_unpaid_workspace_is_held_and_goes_on_when_it_is_paid(
    shop: Shop, api: Callable[..., APIClient]
) -> None:
    account = PlatformAccountFactory(creator=CreatorFactory(workspace=shop.workspace))
    fan, client = FanFactory(account=account), api(shop.owner)

    def ask(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        cache.forget()
        with time_machine.travel(shop.now(), tick=True):
            answer = getattr(client, method)(path, body, format="json")
        return answer.status_code, answer.json()

    def send(text: str) -> tuple[int, Any]:
        return ask("post", SEND, {"recipientId": fan.public_id, "content": text})

    def tend() -> int:
        cache.forget()
        return access.tend(now=shop.now())

    def leaving() -> int:
        with cross_workspace("test"):
            return len(claim([Grant(account.pk, Lane.INTERACTIVE, 1, ("slot",))], lease=30.0))

    def health() -> str:
        return str(ask("get", STATUS)[1]["health"]["status"])

    # the renewal fails: 72 hours in which everything goes on
    shop.subscribe("pro")
    customer = shop.objects("subscription")[0]["customer"]
    shop.control("POST", f"customers/{customer}/card", {"card": "pm_card_chargeDeclined"})
    shop.advance(days=32)
    shop.settle()
    assert shop.record.status == "past_due"
    since = shop.record.past_due_since
    assert since is not None
    shop.ahead += since + timedelta(hours=71) - shop.now()
    credits(shop.workspace, 9)  # the plan's own come with the payment; a pack is theirs
    assert [send(text)[0] for text in ("one", "two", "three")] == [202, 202, 202]
    told = ask("get", "/api/billing/subscription")[1]
    assert (told["access"], told["status"], told["graceEndsAt"] is None) == ("full", "past_due", False)
    assert (tend(), leaving(), health()) == (0, 1, "healthy")

    # after it nothing leaves and nothing is accepted; what is there can be read and withdrawn
    shop.ahead += timedelta(hours=2)
    assert (tend(), tend(), leaving()) == (1, 0, 0)
    status, body = send("four")
    assert (status, body["error"], body["reason"]) == (403, READ_ONLY, "billing")
    assert ask("get", STATUS)[1]["health"] == {
        "status": "unhealthy",
        "message": "The subscription is unpaid: messages wait until it is paid on the billing page.",
    }
    assert ask("get", "/api/billing/subscription")[1]["access"] == "read_only"
    with workspace_scope(shop.workspace.pk):
        verdict = can(workspace_id=shop.workspace.pk, feature=Feature.MESSAGES, now=shop.now())
        assert (verdict.allowed, verdict.reason) == (False, "read_only")
        third = Delivery.objects.filter(state=DeliveryState.QUEUED).latest("pk")
        dead_letters.cancel(delivery=third, actor=Actor.system(), now=shop.now())
    post(now=shop.now())
    assert accounts(shop.workspace)["reserved"] == 2
    with cross_workspace("test"):
        assert list(Delivery.objects.order_by("pk").values_list("state", flat=True)) == [
            "sending",
            "queued",
            "cancelled",
        ]

    # paid: what waited leaves
    shop.control("POST", f"customers/{customer}/card", {"card": "pm_card_visa"})
    shop.advance(days=4)
    shop.settle()
    assert (shop.record.status, shop.record.past_due_since) == ("active", None)
    with cross_workspace("test"):
        Delivery.objects.filter(state=DeliveryState.SENDING).update(state=DeliveryState.SENT)
    assert (tend(), leaving(), health(), send("five")[0]) == (1, 1, "healthy", 202)
    assert faults(shop.workspace) == []
