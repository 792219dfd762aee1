"""What is asked of Redis is asked with no transaction open."""

from typing import Any

import pytest
from django.db import transaction

from accounts.services.audit import Actor
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Delivery
from messaging.services import limits
from messaging.services.dead_letters import new_promise, retry_failed, send_again
from tests.factories.messaging import delivery


@pytest.mark.django_db
def test_an_outlook_inside_a_transaction_is_refused_also_in_a_tests_own(world: Any) -> None:
    with cross_workspace("demo"):
        assert limits.outlook(world.account.pk) is not None
        with pytest.raises(RuntimeError), transaction.atomic():
            limits.outlook(world.account.pk)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("service", "state"), [(retry_failed, "failed"), (send_again, "uncertain")])
def test_a_message_is_queued_again_without_redis_inside_a_transaction(
    world: Any, service: Any, state: str
) -> None:
    row = delivery(world.fan, world.owner, state=state)
    with cross_workspace("demo"):
        service(delivery=row, actor=Actor.system(), now=clock.now())
        assert Delivery.objects.get(pk=row.pk).state == "queued"


@pytest.mark.django_db(transaction=True)
def test_who_has_a_transaction_open_brings_the_promise_along(world: Any) -> None:
    row, now = delivery(world.fan, world.owner, state="failed"), clock.now()
    with cross_workspace("demo"):
        promised_at = new_promise(row, now)
        with transaction.atomic():
            retry_failed(delivery=row, actor=Actor.system(), now=now, promised_at=promised_at)
        assert Delivery.objects.get(pk=row.pk).promised_at == promised_at


@pytest.mark.django_db(transaction=True)
def test_the_api_queues_a_failed_message_again_with_a_key(world: Any, api: Any) -> None:
    row = delivery(world.fan, world.owner, state="failed")
    path = f"/api/onlyfans/messaging/{row.message.public_id}/retry"
    answer = api(world.owner).post(path, headers={"Idempotency-Key": "again-1"})
    assert answer.status_code == 202
