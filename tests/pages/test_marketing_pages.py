"""The pages of campaigns: written, counted, approved, launched and steered by forms, each by who may."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Campaign, Segment
from messaging.rules.presets import PRESETS
from messaging.services.campaigns import estimate as counting
from messaging.views import campaigns as pages
from tests.conftest import World
from tests.factories.campaigns import campaign
from tests.factories.messaging import FanFactory, delivery

Browser = Callable[..., Client]
FORM = {"name": "Friday", "audience": "preset:everybody", "language": "en", "text": "Hey {firstName|you}"}


def only() -> Campaign:
    with cross_workspace("demo"):
        return Campaign.objects.select_related("editor").get()


def made(client: Client, world: World, **changes: str) -> Campaign:
    answer = client.post(f"/marketing/new?account={world.account.public_id}", FORM | changes)
    assert answer.status_code == 302, answer.content.decode()
    return only()


def do(client: Client, row: Campaign, deed: str, **body: str) -> Any:
    return client.post(f"/marketing/{row.public_id}/{deed}", body)


def test_from_the_form_to_the_launch_and_a_pause(browser: Browser, world: World) -> None:
    client = browser(world.owner)
    row = made(client, world)
    assert (row.state, row.account_id, row.editor.pk) == ("draft", world.account.pk, world.owner.pk)
    do(client, row, "plan")
    page = client.get(f"/marketing/{row.public_id}")
    assert (page.context["progress"].planned, only().state) == (1, "awaiting_approval")
    assert "Hey " in page.content.decode()
    do(client, row, "approve", content_hash=page.context["content_hash"])
    do(client, row, "launch")
    assert only().state == "scheduled"
    with cross_workspace("demo"):
        Campaign.objects.update(state="running")
    do(client, row, "pause")
    assert only().state == "paused"
    do(client, row, "cancel")
    assert only().state == "cancelled"


def test_a_cancelled_one_is_copied_as_a_draft_of_its_own(browser: Browser, world: World) -> None:
    later = (clock.now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    row = made(browser(world.owner), world, text="Once more", most_per_hour="20", scheduled_for=later)
    do(browser(world.owner), row, "cancel")
    answer = do(browser(world.chatter), row, "copy")
    with cross_workspace("demo"):
        copy = Campaign.objects.select_related("editor").exclude(pk=row.pk).get()
    assert answer["Location"] == f"/marketing/{copy.public_id}"
    assert (copy.name, copy.state, copy.text.reveal(), copy.most_per_hour, copy.editor.pk) == (
        "Copy of Friday", "draft", "Once more", 20, world.chatter.pk,
    )  # fmt: skip
    assert (copy.scheduled_for, copy.include) == (None, row.include)


def test_a_copy_of_what_is_gone_is_refused(browser: Browser, world: World) -> None:
    row = campaign(world.account, world.owner, [{"list": "lst_gone"}], state="done")
    answer = do(browser(world.owner), row, "copy")
    assert (answer.status_code, only().pk) == (409, row.pk)
    assert "It can&#x27;t be copied any more" in answer.content.decode()


def test_a_page_that_watches_is_told_when_other_steps_are_possible(browser: Browser, world: World) -> None:
    client = browser(world.owner)
    row = campaign(world.account, world.owner, [], state="running")
    path = f"/marketing/{row.public_id}/progress"
    seen = client.get(path).context["seen"]
    assert "HX-Trigger" not in client.get(path, {"seen": seen})
    with cross_workspace("demo"):
        Campaign.objects.update(state="paused")
    answer = client.get(path, {"seen": seen})
    assert answer["HX-Trigger"] == "campaign-moved"
    assert "Resume" in client.get(f"/marketing/{row.public_id}/steps").content.decode()


def test_a_ready_made_audience_is_kept_once(browser: Browser, world: World) -> None:
    client = browser(world.owner)
    row = made(client, world)
    client.post(f"/marketing/{row.public_id}/edit", FORM | {"name": "Saturday"})
    with cross_workspace("demo"):
        segments = list(Segment.objects.values_list("name", "account_id"))
    assert segments == [("Everybody who can receive messages", world.account.pk)]
    assert only().name == "Saturday"


def estimated(client: Client, world: World, **changes: str) -> Any:
    answer = client.post("/marketing/audience", FORM | {"account": world.account.public_id} | changes)
    assert answer.status_code == 200
    return answer.context["estimate"]


def test_while_it_is_written_the_page_says_who_would_get_it(browser: Browser, world: World) -> None:
    client = browser(world.owner)
    others = [FanFactory(account=world.account) for _ in range(20)]
    delivery(others[0], world.owner)
    mute = FanFactory(account=world.account)
    with cross_workspace("demo"):
        type(mute).objects.filter(pk=mute.pk).update(can_receive=False)
    unfinished = estimated(client, world, name="", text="Hey {first", price="x")
    assert (unfinished.planned, unfinished.excluded) == (20, (("in_conversation", 1),))
    assert (unfinished.quote.cost, unfinished.takes, unfinished.previews) == (20, timedelta(seconds=114), ())
    few = estimated(client, world, most_recipients="5", most_per_hour="2")
    assert (few.planned, dict(few.excluded)["over_cap"], few.takes) == (5, 15, timedelta(hours=2))
    assert {one.text for one in few.previews} == {"Hey Fan"}
    with cross_workspace("demo"):
        assert (Campaign.objects.exists(), Segment.objects.exists()) == (False, False)


def test_a_ready_made_audience_that_was_changed_is_counted_as_changed(browser: Browser, world: World) -> None:
    client = browser(world.owner)
    row = made(client, world)
    assert estimated(client, world).planned == 1
    with cross_workspace("demo"):
        Segment.objects.update(conditions=PRESETS["bought_30"])
    assert estimated(client, world).planned == 0
    named = {"campaign": row.public_id, "audience": "preset:new_7"}
    assert client.post("/marketing/audience", FORM | named).context["estimate"].planned == 1
    assert client.post("/marketing/audience", named | {"audience": ""}).context["estimate"] is None


def _slow(execute: Any, statement: str, values: Any, many: bool, context: Any) -> Any:
    """A database that looks through very many fans."""
    is_count = "excluded_by" in statement
    return execute(*(("SELECT pg_sleep(60)", None) if is_count else (statement, values)), many, context)


def test_what_takes_too_long_to_count_or_is_asked_too_often_is_said(
    browser: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, body = browser(world.owner), FORM | {"account": world.account.public_id}
    monkeypatch.setattr(counting, "MOST_S", 0.05)
    with connection.execute_wrapper(_slow):
        late = client.post("/marketing/audience", body)
    assert (late.status_code, late.context["is_late"], late.context["estimate"]) == (200, True, None)
    assert "Counting takes too long just now" in late.content.decode()
    monkeypatch.setattr(counting, "MOST_S", 30.0)
    monkeypatch.setattr(pages, "ESTIMATES_A_MINUTE", 2)
    assert client.post("/marketing/audience", body).context["estimate"].planned == 1
    assert client.post("/marketing/audience", body).context["is_late"]


def test_what_is_wrong_stands_at_its_field_and_nothing_is_lost(browser: Browser, world: World) -> None:
    answer = browser(world.owner).post(
        f"/marketing/new?account={world.account.public_id}", FORM | {"price": "1", "text": "Kept {nobody}"}
    )
    form = answer.context["form"]
    assert (answer.status_code, sorted(form.errors)) == (422, ["media_ids", "price", "text"])
    assert "Kept {nobody}" in answer.content.decode()
    with cross_workspace("demo"):
        assert not Campaign.objects.exists()


def test_an_approval_of_another_text_is_refused_with_the_page(browser: Browser, world: World) -> None:
    client = browser(world.owner)
    row = made(client, world)
    do(client, row, "plan")
    answer = do(client, row, "approve", content_hash="sha256:0")
    assert (answer.status_code, only().approved_at) == (409, None)
    assert "It was changed since you looked" in answer.content.decode()


def test_a_chatter_writes_but_does_not_approve(browser: Browser, world: World) -> None:
    client = browser(world.chatter)
    row = made(client, world)
    do(client, row, "plan")
    page = client.get(f"/marketing/{row.public_id}")
    assert "Approve it as it is" not in page.content.decode()
    answer = do(client, row, "approve", content_hash=page.context["content_hash"])
    assert (answer.status_code, only().approved_at) == (403, None)


def test_others_do_not_find_it(browser: Browser, world: World) -> None:
    row = campaign(world.other_account, world.owner, [])
    for member in (world.chatter, world.outsider):
        client = browser(member)
        assert client.get(f"/marketing/{row.public_id}").status_code == 404
        assert do(client, row, "cancel").status_code == 404
        assert "Friday" not in client.get("/marketing").content.decode()
    assert only().state == "scheduled"


def test_the_list_is_cut_to_a_state_and_to_what_ended_lately(browser: Browser, world: World) -> None:
    now = clock.now()
    for name, state, ended in (
        ("Paused", "paused", None), ("Runs", "running", None),
        ("Fresh", "failed", now), ("Old", "failed", now - timedelta(days=8)), ("Through", "done", now),
    ):  # fmt: skip
        campaign(world.account, world.owner, [], name=name, state=state, ended_at=ended)

    def names(**query: str) -> list[str]:
        return [row.name for row in browser(world.owner).get("/marketing", query).context["listing"].rows]

    assert names(state="paused") == ["Paused"]
    assert names(show="over", state="failed") == ["Old", "Fresh"]
    assert names(show="over", state="failed", days="7") == ["Fresh"]
    assert names(state="nonsense") == ["Runs", "Paused"]


def test_the_list_counts_what_was_sent_and_brought_in(browser: Browser, world: World) -> None:
    row = campaign(world.account, world.owner, [], state="running", price_minor=1500)
    sent = delivery(world.fan, world.owner, state="sent", campaign=row)
    delivery(FanFactory(account=world.account), world.owner, campaign=row)
    with cross_workspace("demo"):
        type(sent.message).objects.filter(pk=sent.message_id).update(purchased_at=sent.queued_at)
    line = browser(world.owner).get("/marketing").context["listing"].rows[0]
    assert (line.total, line.sent, line.bought, str(line.revenue)) == (2, 1, 1, "15.00 USD")
