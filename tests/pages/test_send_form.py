"""The form that sends one message: what it says before, what it refuses, and that twice is once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Creator
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from messaging.forms import SENTENCES
from messaging.models import Delivery, Fan
from messaging.rules.content import faults
from messaging.services.fans import handle_digest
from messaging.types import SendCommand
from tests.conftest import World
from tests.factories.messaging import FanFactory, delivery

Browser = Callable[..., Client]
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


def form(world: World, **fields: Any) -> dict[str, Any]:
    return {
        "token": uuid4().hex,
        "account": world.account.public_id,
        "recipient": world.fan.platform_user_id,
        "text": "Hello there",
        "priority": "5",
    } | fields


def queued() -> list[Delivery]:
    with cross_workspace("demo"):
        return list(Delivery.objects.select_related("message", "fan").order_by("pk"))


def test_it_queues_the_message_and_watches_it(browser: Browser, world: World) -> None:
    answer = browser(world.chatter).post("/onlyfans/send", form(world), headers=HTMX)
    [row] = queued()
    assert (answer.status_code, answer["HX-Trigger"]) == (200, "queue-changed")
    assert (row.state, row.fan_id, row.message.text.reveal()) == ("queued", world.fan.pk, "Hello there")
    assert (row.message.author_kind, row.message.approved_by_id) == ("human", world.chatter.pk)
    assert f"/onlyfans/messages/{row.message.public_id}" in answer.content.decode()
    assert "Goes out at about" in answer.content.decode()


def test_without_script_it_goes_back_to_the_page(browser: Browser, world: World) -> None:
    answer = browser(world.owner).post("/onlyfans/send?show=sent", form(world), follow=True)
    assert answer.redirect_chain == [("/onlyfans?show=sent", 302)]
    assert b"The message is queued." in answer.content
    assert len(queued()) == 1


@pytest.mark.parametrize("term", ["handle", "@handle", "fan id", "platform id"])
def test_a_fan_is_found_by_handle_or_id(browser: Browser, world: World, term: str) -> None:
    fan: Fan = FanFactory(account=world.account, handle="zoe", handle_digest=handle_digest("zoe"))
    terms = {"handle": "Zoe", "@handle": "@zoe", "fan id": fan.public_id, "platform id": fan.platform_user_id}
    asked = {"account": world.account.public_id, "recipient": terms[term]}
    found = browser(world.owner).post("/onlyfans/recipient", asked, headers=HTMX).context["found"]
    assert found.fan_id == fan.public_id
    browser(world.owner).post("/onlyfans/send", form(world, recipient=terms[term]))
    assert [row.fan_id for row in queued()] == [fan.pk]


def test_a_fan_of_another_account_is_unknown(browser: Browser, world: World) -> None:
    for fan in (world.other_fan, world.outsider_fan):
        for term in (fan.public_id, fan.platform_user_id):
            answer = browser(world.owner).post("/onlyfans/send", form(world, recipient=term), headers=HTMX)
            assert answer.status_code == 422
            assert b"No fan of this account has this handle or id." in answer.content
    assert queued() == []


def test_an_account_out_of_reach_is_no_choice(browser: Browser, world: World) -> None:
    for account in (world.other_account, world.outsider_account):
        answer = browser(world.chatter).post(
            "/onlyfans/send", form(world, account=account.public_id), headers=HTMX
        )
        assert answer.status_code == 422
    assert queued() == []


def test_members_without_the_capability_are_refused(browser: Browser, world: World) -> None:
    assert browser().post("/onlyfans/send", form(world)).status_code == 302
    assert browser(world.outsider).post("/onlyfans/send", form(world)).status_code == 422
    assert queued() == []


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"text": " "}, "Write a text or attach media."),
        ({"text": "x" * 5001}, "Use at most 5,000 characters."),
        ({"text": "a\x07b"}, "Control characters are not allowed."),
        ({"price": "2.50", "media_ids": "123"}, "Use 0, or a price from 3 to 200."),
        ({"price": "ten"}, "Write the price as a number, such as 12.50."),
        ({"price": "12.345", "media_ids": "123"}, "Write the price as a number, such as 12.50."),
        ({"price": "10"}, "A price needs media to sell."),
        ({"media_ids": "../x"}, "This is not a media id."),
        ({"media_ids": "123 123"}, "Attach each medium once."),
        ({"is_locked_text": "on"}, "Only a message with a price can lock its text."),
        ({"scheduled_at": "2001-01-01T10:00"}, "This time is over."),
    ],
)
def test_bad_input_is_explained_and_kept(
    browser: Browser, world: World, fields: dict[str, str], sentence: str
) -> None:
    sent = form(world, **fields)
    for headers in (HTMX, {}):
        answer = browser(world.owner).post("/onlyfans/send", sent, headers=headers)
        assert answer.status_code == 422
        assert sentence in answer.content.decode()
        kept = answer.context["form"]
        assert all(kept[name].value() == value for name, value in sent.items() if name != "is_locked_text")
    assert queued() == []


def test_every_fault_of_the_rules_has_a_sentence_to_translate() -> None:
    media = tuple(str(number) for number in range(31))
    commands = [
        SendCommand("1", " "),
        SendCommand("1", "x" * 5001),
        SendCommand("1", "\x07"),
        SendCommand("1", "x", media_ids=media),
        SendCommand("1", "x", media_ids=("1", "1", "?")),
        SendCommand("1", "x", is_locked_text=True),
        SendCommand("1", "x", price=2),  # type: ignore[arg-type]
    ]
    assert {fault.message for command in commands for fault in faults(command)} <= set(SENTENCES)


def test_price_media_and_time_reach_the_message(browser: Browser, world: World) -> None:
    soon = (clock.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    fields = {
        "price": "12,50",
        "media_ids": "111, 222",
        "is_locked_text": "on",
        "priority": "7",
        "scheduled_at": soon,
    }
    browser(world.owner).post("/onlyfans/send", form(world, **fields))
    [row] = queued()
    assert (row.message.price_minor, row.message.currency) == (1250, "USD")
    assert (row.message.media_ids, row.message.is_locked_text) == (["111", "222"], True)
    assert (row.state, row.lane, row.priority) == ("scheduled", "bulk", 7)
    assert row.available_at.strftime("%Y-%m-%dT%H:%M") == soon


def test_a_price_is_in_the_platforms_money_whatever_the_creator_reads(browser: Browser, world: World) -> None:
    with cross_workspace("demo"):
        Creator.objects.filter(pk=world.creator.pk).update(currency="JPY")
    client = browser(world.owner)
    assert b"USD" in client.get("/onlyfans").content
    client.post("/onlyfans/send", form(world, price="12", media_ids="111"))
    [row] = queued()
    assert (row.message.price_minor, row.message.currency) == (1200, "USD")


def test_the_same_form_twice_is_one_message(browser: Browser, world: World) -> None:
    sent, client = form(world), browser(world.owner)
    for _ in range(3):
        assert client.post("/onlyfans/send", sent, headers=HTMX).status_code == 200
    assert len(queued()) == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_parallel_posts_of_one_form_are_one_message(browser: Browser, world: World) -> None:
    sent, client = form(world), browser(world.owner)
    cookies = client.cookies

    def post(_: int) -> int:
        mine = Client()
        mine.cookies = cookies
        try:
            return mine.post("/onlyfans/send", sent, headers=HTMX).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(post, range(20))) == {200}
    assert len(queued()) == 1


def test_a_used_form_with_another_text_asks_first(browser: Browser, world: World) -> None:
    client, first = browser(world.owner), form(world)
    client.post("/onlyfans/send", first, headers=HTMX)
    answer = client.post("/onlyfans/send", first | {"text": "Another text"}, headers=HTMX)
    assert answer.status_code == 409
    assert [row.message.text.reveal() for row in queued()] == ["Hello there"]
    again = answer.context["form"]
    assert again["text"].value() == "Another text"
    assert again["token"].value() != first["token"]
    client.post(
        "/onlyfans/send", first | {"text": "Another text", "token": again["token"].value()}, headers=HTMX
    )
    assert [row.message.text.reveal() for row in queued()] == ["Hello there", "Another text"]


def test_it_says_before_sending_when_the_message_goes_out(browser: Browser, world: World) -> None:
    for _ in range(14):
        delivery(world.fan, world.owner)
    asked = {"account": world.account.public_id, "priority": "5"}
    answer = browser(world.owner).get("/onlyfans/forecast", asked, headers=HTMX)
    forecast = answer.context["forecast"]
    assert forecast.before == 14
    assert timedelta(seconds=58) < forecast.at - clock.now() < timedelta(seconds=61)
    assert b"(14 before it)" in answer.content
    browser(world.owner).post("/onlyfans/send", form(world))
    assert abs(queued()[-1].promised_at - forecast.at) < timedelta(seconds=2)


def test_the_receipt_follows_the_message(browser: Browser, world: World) -> None:
    row = delivery(world.fan, world.owner)
    client, path = browser(world.owner), f"/onlyfans/messages/{row.message.public_id}"
    words = {"queued": "Goes out at about", "sending": "On its way since", "sent": "Went out at"}
    for state, word in words.items():
        with cross_workspace("demo"):
            Delivery.objects.filter(pk=row.pk).update(state=state, dispatched_at=clock.now())
        answer = client.get(path, headers=HTMX)
        assert word in answer.content.decode()
        assert ("data-poll" in answer.content.decode()) is (state != "sent")
    assert browser(world.outsider).get(path, headers=HTMX).status_code == 404
