"""The staff's lists: codes in words with the code in the tooltip, filters in words, and what stands for nothing."""

from typing import Any

import pytest
from django.test import Client

from tests.factories.messaging import delivery

pytestmark = pytest.mark.django_db


def test_codes_stand_in_words_with_the_code_in_the_tooltip(desk: Client, world: Any) -> None:
    delivery(world.fan, world.owner, state="failed", last_error="timeout")
    page = desk.get("/admin/messaging/delivery/?state__exact=failed").content.decode()
    assert '<td class="field-state"><span title="failed">Failed</span></td>' in page
    assert '<span title="timeout">OnlyFans did not answer in time.</span>' in page
    assert 'State: <strong><span title="failed">Failed</span></strong>' in page
    assert "<h1>Deliveries</h1>" in page


def test_an_empty_list_says_so_and_offers_no_actions(desk: Client) -> None:
    page = desk.get("/admin/messaging/delivery/").content.decode()
    assert ("No rows yet." in page, 'name="action"' in page) == (True, False)
