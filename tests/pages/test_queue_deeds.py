"""Retry, cancel, decide, pause: who may, what changes, and that a refusal changes nothing."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import AuditEvent, PlatformAccount
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Delivery
from tests.conftest import World
from tests.factories.messaging import delivery

Browser = Callable[..., Client]
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
CASES = [
    ("retry", "failed", "queued", "message.retried"),
    ("cancel", "queued", "cancelled", "message.cancelled"),
    ("cancel", "scheduled", "cancelled", "message.cancelled"),
    ("arrived", "uncertain", "sent", "message.declared_arrived"),
    ("again", "uncertain", "queued", "message.sent_again"),
]


def state_of(row: Delivery) -> str:
    with cross_workspace("demo"):
        return str(Delivery.objects.get(pk=row.pk).state)


def audited() -> list[str]:
    with cross_workspace("demo"):
        return list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))


@pytest.mark.parametrize(("deed", "before", "after", "action"), CASES)
def test_a_deed_moves_the_message_and_is_recorded(
    browser: Browser, world: World, deed: str, before: str, after: str, action: str
) -> None:
    row = delivery(world.fan, world.owner, state=before)
    answer = browser(world.owner).post(f"/onlyfans/messages/{row.message.public_id}/{deed}?show=failed")
    assert (answer.status_code, answer["Location"]) == (302, "/onlyfans?show=failed")
    assert (state_of(row), audited()) == (after, [action])


@pytest.mark.parametrize(("deed", "before"), [(deed, before) for deed, before, _, _ in CASES])
def test_a_deed_out_of_reach_changes_nothing(browser: Browser, world: World, deed: str, before: str) -> None:
    row = delivery(world.fan, world.owner, state=before)
    for member, status in ((world.chatter, 403), (world.outsider, 404)):
        assert (
            browser(member).post(f"/onlyfans/messages/{row.message.public_id}/{deed}").status_code == status
        )
    assert browser().post(f"/onlyfans/messages/{row.message.public_id}/{deed}").status_code == 302
    assert (state_of(row), audited()) == (before, [])


def test_a_deed_too_late_is_a_conflict_said_in_words(browser: Browser, world: World) -> None:
    row = delivery(world.fan, world.owner, state="sending")
    answer = browser(world.owner).post(f"/onlyfans/messages/{row.message.public_id}/cancel", headers=HTMX)
    assert answer.status_code == 409
    assert b"It is too late to cancel this message" in answer.content
    assert (state_of(row), audited()) == ("sending", [])


def test_a_deed_by_htmx_answers_a_notice_and_asks_the_lists_to_look_again(
    browser: Browser, world: World
) -> None:
    row = delivery(world.fan, world.owner)
    answer = browser(world.owner).post(f"/onlyfans/messages/{row.message.public_id}/cancel", headers=HTMX)
    assert (answer.status_code, answer["HX-Trigger"]) == (200, "queue-changed")
    assert b"The message is cancelled; it will not be sent." in answer.content


def test_cancelling_a_repeat_does_not_claim_that_it_never_arrived(browser: Browser, world: World) -> None:
    row = delivery(world.fan, world.owner, replays=1)
    answer = browser(world.owner).post(f"/onlyfans/messages/{row.message.public_id}/cancel", headers=HTMX)
    assert (answer.status_code, state_of(row)) == (200, "uncertain")
    assert b"It will not be sent again, but an earlier attempt may have arrived." in answer.content
    assert b"The message is cancelled" not in answer.content


def test_unknown_deeds_and_reading_ones_are_refused(browser: Browser, world: World) -> None:
    row = delivery(world.fan, world.owner)
    client = browser(world.owner)
    assert client.post(f"/onlyfans/messages/{row.message.public_id}/burn").status_code == 404
    assert client.get(f"/onlyfans/messages/{row.message.public_id}/cancel").status_code == 405
    assert client.post(f"/onlyfans/accounts/{world.account.public_id}/burn").status_code == 404
    assert state_of(row) == "queued"


def test_an_account_is_paused_and_resumed(browser: Browser, world: World) -> None:
    client, path = browser(world.owner), f"/onlyfans/accounts/{world.account.public_id}"
    for deed, expected in (("pause", True), ("resume", False)):
        assert client.post(f"{path}/{deed}").status_code == 302
        with cross_workspace("demo"):
            assert PlatformAccount.objects.get(pk=world.account.pk).is_sending_paused is expected
    assert audited() == ["account.paused", "account.resumed"]


def test_only_members_in_reach_may_pause(browser: Browser, world: World) -> None:
    path = f"/onlyfans/accounts/{world.account.public_id}/pause"
    assert browser(world.chatter).post(path).status_code == 403
    assert browser(world.outsider).post(path).status_code == 404
    with cross_workspace("demo"):
        assert PlatformAccount.objects.filter(is_sending_paused=True).count() == 0


def test_members_who_may_not_manage_see_no_buttons(browser: Browser, world: World) -> None:
    delivery(world.fan, world.owner)
    assert b"Cancel" in browser(world.owner).get("/onlyfans").content
    page = browser(world.chatter).get("/onlyfans").content
    assert b"Cancel" not in page
    assert b"/pause" not in page
