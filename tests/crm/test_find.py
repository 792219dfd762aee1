"""The staff's search: what people remember leads to its page; each kind of term by its own index."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import Creator, PlatformAccount, Workspace
from accounts.selectors import desk as accounts
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from messaging.models import Fan
from messaging.services.fans import name_digest, upsert_fan
from tests.factories.billing import subscribed
from tests.factories.messaging import delivery

pytestmark = pytest.mark.django_db
TRACE = "0123456789abcdef" * 2


@pytest.fixture
def named(world: Any) -> Any:
    with cross_workspace("demo"):
        Workspace.objects.filter(pk=world.owner.workspace_id).update(name="Atelier Martel")
        Creator.objects.filter(pk=world.creator.pk).update(stage_name="Luna Étoile")
        PlatformAccount.objects.filter(pk=world.account.pk).update(handle="lunamartel")
    with workspace_scope(world.owner.workspace_id):
        upsert_fan(
            account=world.account,
            platform_user_id="4711",
            name="Zoé  Durand",
            handle="Zoe_D",
            now=clock.now(),
        )
    return world


def found(client: Client, term: str) -> dict[str, list[str]]:
    answer = client.get("/admin/find/", {"q": term})
    assert answer.status_code == 200
    return {kind.title: [hit.url for hit in kind.hits] for kind in answer.context["found"]}


def at(name: str, row: Any) -> str:
    return reverse(f"admin:crm_{name}", args=[row.public_id])


@pytest.mark.parametrize("term", ["zoé durand", " ZOÉ DURAND ", "@zoe_d", "4711"])
def test_a_creator_is_found_by_a_fan(desk: Client, named: Any, term: str) -> None:
    assert found(desk, term) == {"Creators with this fan": [at("creator", named.creator)]}


def test_a_part_of_a_fans_name_finds_nothing(desk: Client, named: Any) -> None:
    assert found(desk, "durand") == {}


@pytest.mark.parametrize("term", ["una éto", "luna étoil", "Luna Etoile"])
def test_a_creator_is_found_by_a_part_of_the_name_or_something_like_it(
    desk: Client, named: Any, term: str
) -> None:
    assert at("creator", named.creator) in found(desk, term)["Creators"]


def test_names_and_handles_are_found_in_their_groups(desk: Client, named: Any) -> None:
    assert found(desk, "martel") == {
        "Accounts": [at("creator", named.creator)],
        "Workspaces": [at("workspace", named.owner.workspace)],
    }


def test_public_ids_lead_to_their_page_at_once(desk: Client, named: Any) -> None:
    row = delivery(named.fan, named.owner, trace_id=TRACE)
    pages = {
        named.creator.public_id: at("creator", named.creator),
        named.owner.workspace.public_id: at("workspace", named.owner.workspace),
        named.fan.public_id: reverse("admin:messaging_fan_change", args=[named.fan.pk]),
        row.message.public_id: reverse("admin:messaging_message_change", args=[row.message.pk]),
        named.owner.user.public_id: reverse("admin:accounts_user_change", args=[named.owner.user.pk]),
    }
    for term, page in pages.items():
        answer = desk.get("/admin/find/", {"q": term})
        assert (answer.status_code, answer["Location"]) == (302, page)
    assert found(desk, "msg_00000000000000000000000000") == {}
    assert found(desk, TRACE) == {
        "Messages going out": [reverse("admin:messaging_delivery_change", args=[row.pk])]
    }


def test_mails_and_ids_of_stripe_are_found(desk: Client, named: Any) -> None:
    user = named.owner.user
    mail = {"People": [reverse("admin:accounts_user_change", args=[user.pk])]}
    assert found(desk, user.email.upper()) == found(desk, user.email[:-3]) == mail
    subscribed(
        named.owner.workspace, stripe_customer_id="cus_Nautilus1", stripe_subscription_id="sub_Nautilus1"
    )
    place = {"Workspaces": [at("workspace", named.owner.workspace)]}
    assert found(desk, "cus_Nautilus1") == found(desk, "sub_Nautilus1") == place


@pytest.mark.parametrize("term", ["luna", "a@b", TRACE, "cus_Nautilus1", "", "%_\\'", "x" * 5000, "\x00"])
def test_whatever_is_typed_costs_at_most_twelve_queries(
    desk: Client, named: Any, term: str, settings: Any, django_assert_max_num_queries: Any
) -> None:
    desk.get("/admin/find/")
    with django_assert_max_num_queries(12):
        assert desk.get("/admin/find/", {"q": term}).status_code == 200


@pytest.mark.parametrize("read", [accounts.workspaces_like, accounts.creators_like, accounts.accounts_like])
def test_names_are_found_by_their_index(read: Any, django_assert_num_queries: Any) -> None:
    with cross_workspace("demo"), django_assert_num_queries(1) as asked:
        read("luna")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
        cursor.execute("EXPLAIN " + asked.captured_queries[0]["sql"])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert plan.count("_like") == 3, plan  # a part of the name, or a word like it


def test_a_fan_known_from_before_gets_the_digest_with_the_next_news(world: Any) -> None:
    with workspace_scope(world.owner.workspace_id):
        Fan.objects.filter(pk=world.fan.pk).update(name_digest=None)
        name = Fan.objects.get(pk=world.fan.pk).name.reveal()
        upsert_fan(
            account=world.account,
            platform_user_id=world.fan.platform_user_id,
            name=name,
            handle="",
            now=clock.now(),
        )
        assert bytes(Fan.objects.get(pk=world.fan.pk).name_digest or b"") == name_digest(name)
