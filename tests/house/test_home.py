"""Where `/` leads, and what unknown addresses answer."""

from typing import Any

from django.test import Client

from tests.factories.accounts import UserFactory


def test_it_leads_members_to_their_work_and_staff_to_the_admin(world: Any, client: Client) -> None:
    assert client.get("/")["Location"] == "/dashboard"
    client.force_login(world.owner.user)
    assert client.get("/")["Location"] == "/dashboard"
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    assert client.get("/")["Location"] == "/admin/"


def test_an_unknown_address_is_json_below_the_api_and_a_page_elsewhere(db: None, client: Client) -> None:
    answer = client.get("/api/nothing")
    assert (answer.status_code, answer.json()["error"]) == (404, "Not found")
    page = client.get("/nothing")
    assert (page.status_code, page["Content-Type"]) == (404, "text/html; charset=utf-8")
