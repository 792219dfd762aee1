"""Fans as the platform tells us of them."""

from typing import Any

import pytest
from django.db import connection

from huntaze.kernel import clock
from huntaze.kernel.tenancy import workspace_scope
from messaging.models import Fan
from messaging.services.fans import upsert_fan


@pytest.mark.django_db
def test_a_name_that_can_not_be_opened_is_replaced_by_what_the_platform_says(world: Any) -> None:
    fan = world.fan
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE messaging_fan SET name = 'garbage', handle = 'garbage' WHERE id = %s", [fan.pk]
        )
    with workspace_scope(fan.workspace_id):
        known = {"account": fan.account, "platform_user_id": fan.platform_user_id}
        upsert_fan(**known, name="Ada", handle="ada", now=clock.now())
        after = Fan.objects.get(pk=fan.pk)
        assert (after.name.reveal(), after.handle.reveal()) == ("Ada", "ada")
