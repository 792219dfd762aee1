"""The promise is compared with the truth: a real pump, the real limiter, the sandbox's own clock."""

import asyncio
import threading
from datetime import datetime
from typing import Any

import pytest
from rest_framework.test import APIClient

from huntaze.kernel import redis
from messaging.services.sending.pump import Pump
from tests.factories.accounts import CreatorFactory, MembershipFactory, PlatformAccountFactory, api_key
from tests.factories.messaging import FanFactory
from tests.faults.house import wait_for
from tests.sandbox.server import FAN, Sandbox

WINDOW = 2.0


@pytest.mark.django_db(transaction=True)
def test_24_messages_arrive_at_their_estimated_times(platform: Sandbox, settings: Any) -> None:
    settings.SEND_LIMIT_WINDOW_SECONDS = WINDOW
    owner = MembershipFactory(role="owner")
    account = PlatformAccountFactory(
        creator=CreatorFactory(workspace=owner.workspace), external_id=platform.account
    )
    fan = FanFactory(account=account, platform_user_id=str(FAN))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {api_key(owner, requests_per_minute=1000)}")
    stop = threading.Event()
    pump = threading.Thread(target=lambda: asyncio.run(Pump(seconds=60, is_stopping=stop.is_set).run()))
    pump.start()
    try:
        wait_for(lambda: redis.client().get("send:epoch"), seconds=10, what="the limiter's log is there")
        body = {"recipientId": fan.public_id}
        answers = [
            client.post("/api/onlyfans/messaging/send", body | {"content": f"{n}"}, format="json").json()
            for n in range(24)
        ]
        wait_for(lambda: len(platform.sent()) == 24, seconds=30, what="24 arrived")
    finally:
        stop.set()
        pump.join()
    promised = [datetime.fromisoformat(answer["estimatedSendTime"]).timestamp() for answer in answers]
    arrived = [row["acceptedAt"] for row in sorted(platform.sent(), key=lambda row: row["acceptedAt"])]
    late = [truth - promise for truth, promise in zip(arrived, promised, strict=True)]
    print("late by, in seconds:", [round(seconds, 2) for seconds in late])
    assert max(map(abs, late)) < WINDOW / 2
    assert platform.control("GET", f"limits?window={WINDOW}")[0]["maxInWindow"] == 10
