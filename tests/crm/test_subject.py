"""The page of a workspace and of a creator: every tab, in few queries, with nothing sealed in it."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEvent, PlatformAccount
from huntaze.crm.tabs import TABS
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Message
from tests.factories.billing import subscribed
from tests.factories.messaging import FanFactory, delivery
from tests.factories.visits import REASON

pytestmark = pytest.mark.django_db
CANARIES = ("Canariella", "canary.handle", "a canary sings")


@pytest.fixture
def full(world: Any) -> Any:
    """Dead letters of a fan whose name must not show, an account that waits, another workspace beside."""
    fan = FanFactory(account=world.account, name=CANARIES[0], handle=CANARIES[1])
    world.row = delivery(fan, world.owner, text=CANARIES[2], state="failed", last_error="forbidden")
    world.theirs = delivery(world.outsider_fan, world.outsider, state="failed")
    for number in range(15):
        delivery(FanFactory(account=world.account), world.owner, state="queued", trace_id=f"t{number}")
    subscribed(world.owner.workspace, stripe_customer_id="cus_Nautilus1")
    with cross_workspace("demo"):
        PlatformAccount.objects.filter(pk=world.other_account.pk).update(state="expired")
    return world


def page(world: Any, kind: str, tab: str) -> str:
    row = {"workspace": world.owner.workspace, "creator": world.creator}[kind]
    return f"/admin/{kind}/{row.public_id}/{tab}/"


@pytest.mark.parametrize("kind", ["workspace", "creator"])
def test_every_tab_stands_alone_and_as_a_part_in_at_most_twelve_queries(
    desk: Client, full: Any, kind: str, django_assert_max_num_queries: Any
) -> None:
    desk.get(page(full, kind, "overview"))
    for tab in TABS:
        with django_assert_max_num_queries(12):
            whole = desk.get(page(full, kind, tab)).content.decode()
        with django_assert_max_num_queries(12):
            part = desk.get(page(full, kind, tab), headers={"HX-Request": "true"}).content.decode()
        assert ("<html" in whole, "<html" in part) == (True, False)
        assert whole.count('id="tab"') == part.count('id="tab"') == 1
        assert [canary for canary in CANARIES if canary in whole + part] == []


def test_the_top_says_what_staff_should_know_first(desk: Client, full: Any) -> None:
    found = desk.get(page(full, "workspace", "overview")).context["subject"]
    assert [str(flag.text) for flag in found.flags] == ["1 account to reconnect", "1 dead letter"]
    assert (found.total.queued, found.total.failed, found.standing.plan) == (15, 1, "pro")
    creator = desk.get(page(full, "creator", "overview")).context["subject"]
    assert [account.pk for account in creator.accounts] == [full.account.pk]


def test_a_creator_shows_what_went_out_of_their_own_accounts(desk: Client, full: Any) -> None:
    other = delivery(full.other_fan, full.owner)
    everything = {row.pk for row in desk.get(page(full, "workspace", "messages")).context["sent"]}
    own = {row.pk for row in desk.get(page(full, "creator", "messages")).context["sent"]}
    assert (full.theirs.pk in everything, everything - own) == (False, {other.pk})


def test_a_talk_is_shown_of_a_fan_of_these_accounts_only(desk: Client, full: Any) -> None:
    address = page(full, "creator", "messages")
    own = desk.get(address, {"fan": full.row.fan.public_id}).context
    assert [row.pk for row in own["talk"]] == [full.row.message.pk]
    for stranger in (full.other_fan, full.outsider_fan):
        assert desk.get(address, {"fan": stranger.public_id}).context["talk"] == []


def test_nobodys_id_and_an_unknown_tab_are_not_found(desk: Client, full: Any) -> None:
    for address in (
        "/admin/workspace/wsp_00000000000000000000000000/",
        f"/admin/creator/{full.owner.workspace.public_id}/",
        page(full, "workspace", "secrets"),
    ):
        assert desk.get(address).status_code == 404


def test_a_text_is_shown_for_a_reason_that_stands_in_the_log(desk: Client, full: Any) -> None:
    message = full.row.message
    address = f"/admin/messaging/message/{message.pk}/reveal/"
    assert CANARIES[2] not in desk.get(address).content.decode()
    refused = desk.post(address, {"reason": "just so"})
    assert (refused.status_code, CANARIES[2] in refused.content.decode()) == (422, False)
    with cross_workspace("demo"):
        assert not AuditEvent.objects.filter(action="message.revealed").exists()
    shown = desk.post(address, {"reason": REASON})
    assert CANARIES[2] in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    with cross_workspace("demo"):
        row = AuditEvent.objects.get(action="message.revealed")
    assert (row.target, row.reason, row.workspace_id) == (message.public_id, REASON, message.workspace_id)


def test_a_text_that_can_not_be_opened_is_told_as_that(desk: Client, full: Any) -> None:
    pk = full.row.message.pk
    with cross_workspace("demo"):
        broken = Message.objects.filter(pk=full.theirs.message.pk).values_list("uid", flat=True)[0]
        Message.objects.filter(pk=pk).update(uid=broken.__class__(int=broken.int ^ 1))
    shown = desk.post(f"/admin/messaging/message/{pk}/reveal/", {"reason": REASON})
    assert (shown.status_code, shown.context["text"]) == (200, None)
