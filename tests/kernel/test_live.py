"""Streams tell each page what it may hear, once and in order, and lose nothing over a reconnect."""

import http.client
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from huntaze.kernel import metrics, redis
from huntaze.kernel.api.principal import Principal
from huntaze.kernel.live import Event, post, streams
from huntaze.kernel.live.outbox import MOST_NAMES, Outbox
from huntaze.kernel.live.post import RESYNC, key_of
from huntaze.kernel.live.streams import Door, Streams
from tests.faults.house import wait_for
from tests.faults.stores import own_valkey
from tests.streams import Tab, serving

OURS, THEIRS = 7001, 7002
OWNER = Principal(
    user_pk=1, user_id="usr_1", member_pk=11, workspace_pk=OURS, workspace_id="wsp_1",
    capabilities=frozenset({"queue.view", "billing.view"}), creator_ids=None, throttle_key="", throttle_limit=1,
)  # fmt: skip
CHATTER = replace(
    OWNER, user_pk=2, member_pk=12, capabilities=frozenset({"queue.view"}), creator_ids=frozenset({1})
)
STRANGER = replace(CHATTER, user_pk=3, member_pk=13, creator_ids=frozenset())
OUTSIDER = replace(OWNER, user_pk=4, member_pk=14, workspace_pk=THEIRS)

Open = Callable[..., Tab]


class _Application:
    def __init__(self, people: dict[str, Principal]) -> None:
        self.streams: Streams | None = None
        self.people = people

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            assert self.streams is not None
            await self.streams(scope, receive, send)
            return
        await receive()
        self.streams = Streams(Door("sessionid", self.people.get, frozenset({"http://127.0.0.1:8000"})))
        self.streams.hub.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.streams.stop()
        await send({"type": "lifespan.shutdown.complete"})


@pytest.fixture
def people() -> dict[str, Principal]:
    return {"owner": OWNER, "chatter": CHATTER, "stranger": STRANGER, "outsider": OUTSIDER}


@pytest.fixture
def application(people: dict[str, Principal]) -> _Application:
    return _Application(people)


@pytest.fixture
def open_tab(application: _Application) -> Iterator[Open]:
    tabs: list[Tab] = []
    with serving(application) as port:

        def make(cookie: str = "", after: str | None = post.START, **headers: str) -> Tab:
            tabs.append(
                Tab(port, cookie, after, {name.replace("_", "-"): text for name, text in headers.items()})
            )
            return tabs[-1]

        yield make
        for tab in tabs:
            tab.close()


def say(*events: Event) -> None:
    """As a service does once it has committed."""
    post._post.put(events)


def test_everybody_hears_what_they_may_and_nothing_else(open_tab: Open) -> None:
    tabs = {name: open_tab(name) for name in ("owner", "chatter", "stranger", "outsider")}
    say(
        Event(OURS, "queue_first", 1, "queue.view"),
        Event(OURS, "queue_second", 2, "queue.view"),
        Event(OURS, "billing", capability="billing.view"),
        Event(OURS, "job_own", member_pk=12),
        Event(THEIRS, "inbox"),
    )
    say(Event(OURS, "end"), Event(THEIRS, "end"))
    assert set(tabs["owner"].events("end")) == {"queue_first", "queue_second", "billing", "end"}
    assert set(tabs["chatter"].events("end")) == {"queue_first", "job_own", "end"}
    assert tabs["stranger"].events("end") == ["end"]
    assert set(tabs["outsider"].events("end")) == {"inbox", "end"}


def test_a_reconnect_is_told_what_was_missed_and_nothing_twice(open_tab: Open) -> None:
    tab = open_tab("owner")
    say(Event(OURS, "first"))
    assert tab.events("first") == ["first"]
    tab.close()
    say(Event(OURS, "second"), Event(OURS, "third"))
    assert open_tab("owner", tab.id).events("third") == ["second", "third"]
    assert open_tab("owner", post.START, last_event_id=tab.id).events("third") == ["second", "third"]


@pytest.mark.parametrize("after", ["", "nonsense", "1-1", "99999999999999-0"])
def test_a_position_that_cannot_be_told_from_asks_for_everything(open_tab: Open, after: str) -> None:
    say(Event(OURS, "early"), Event(OURS, "late"))
    post.flush()
    redis.client().xtrim(key_of(OURS), maxlen=0)
    say(Event(OURS, "now"))
    post.flush()
    assert open_tab("owner", after).events("resync") == ["resync"]


def test_digits_of_another_script_are_no_position(open_tab: Open) -> None:
    say(Event(OURS, "first"))
    post.flush()
    after = post.position(OURS).translate({ord("0") + digit: chr(0x660 + digit) for digit in range(10)})
    say(Event(OURS, "second"))
    post.flush()
    tab = open_tab("owner", quote(after))
    assert tab.answer.status == 200
    assert tab.events("resync") == ["resync"]


def test_a_tab_that_hears_nothing_keeps_its_place(open_tab: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would ask for everything again after each of its reconnects."""
    monkeypatch.setattr(streams, "HEARTBEAT_S", 0.1)
    say(Event(OURS, "early"))
    post.flush()
    here = post.position(OURS)
    beat = open_tab("owner", here).answer
    while not (line := beat.readline().decode()).startswith("id: "):
        assert line
    assert line == f"id: {here}\n"


def test_a_stream_ends_at_once_with_its_session(open_tab: Open, people: dict[str, Principal]) -> None:
    tab, other = open_tab("owner"), open_tab("chatter")
    del people["owner"]
    say(Event(post.EVERYWHERE, post.SESSION_END, user_pk=OWNER.user_pk))
    assert tab.events("never") == ["session_end"]
    say(Event(OURS, "goes_on", 1))
    assert other.events("goes_on") == ["goes_on"]


def test_a_visitors_stream_ends_with_the_visit_and_with_the_members_rights(
    open_tab: Open, people: dict[str, Principal]
) -> None:
    for ends in (OWNER.user_pk, 99):
        people["visitor"] = replace(OWNER, acting_pk=99)
        tab = open_tab("visitor")
        del people["visitor"]
        say(Event(post.EVERYWHERE, post.SESSION_END, user_pk=ends))
        post.flush()
        assert tab.events("never") == ["session_end"]


def test_rights_that_shrink_are_heard_of_no_more(open_tab: Open, people: dict[str, Principal]) -> None:
    tab = open_tab("chatter")
    people["chatter"] = replace(CHATTER, creator_ids=frozenset({2}))
    say(Event(post.EVERYWHERE, post.SESSION_END, user_pk=CHATTER.user_pk))
    assert tab.events("resync") == ["resync"]
    say(Event(OURS, "of_the_first", 1), Event(OURS, "of_the_second", 2))
    assert tab.events("of_the_second") == ["of_the_second"]


def test_who_may_open_how_many(open_tab: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MOST_OF_A_PERSON", 1)
    assert open_tab().answer.status == 401
    assert open_tab("nobody").answer.status == 401
    assert open_tab("owner", sec_fetch_site="cross-site").answer.status == 403
    first, second = open_tab("owner"), open_tab("owner")
    assert (first.answer.status, second.answer.status) == (200, 429)
    assert first.answer.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in first.answer.headers
    monkeypatch.setattr(streams, "MOST_STREAMS", 1)
    assert open_tab("chatter").answer.status == 503


def test_of_two_cookies_the_one_counts_that_the_pages_believe(open_tab: Open) -> None:
    assert open_tab(Cookie="sessionid=nobody; sessionid=owner").answer.status == 200
    assert open_tab(Cookie="sessionid=owner; sessionid=nobody").answer.status == 401


def test_a_method_that_somebody_made_up_makes_no_series_of_its_own(application: _Application) -> None:
    asked = metrics.REQUESTS.labels(post.PATH, "OTHER", "405")._value
    before = asked.get()
    with serving(application) as port:
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        link.request("PURGE", post.PATH)
        assert link.getresponse().status == 405
        link.close()
    assert asked.get() == before + 1


def _reader(name: str) -> str:
    """The connection on which the streams are being followed."""
    lines = redis.client().client_list()
    return next((line["id"] for line in lines if (line["cmd"], line["name"]) == ("xread", name)), "")


def test_redis_lost_and_found_asks_for_everything(open_tab: Open, application: _Application) -> None:
    tab = open_tab("owner")
    say(Event(OURS, "before"))
    assert tab.events("before") == ["before"]
    hub = application.streams.hub  # type: ignore[union-attr]
    reader = wait_for(lambda: _reader(hub.name), seconds=10, what="a read after the one that told")
    redis.client().client_kill_filter(_id=reader)
    assert tab.events("resync") == ["resync"]
    say(Event(OURS, "after"))
    assert tab.events("after") == ["after"]


def test_while_redis_is_away_nobody_is_left_waiting(
    people: dict[str, Principal], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that would be told nothing comes to know it, and is told again once there is somebody to tell it."""
    monkeypatch.setattr(streams, "HEARTBEAT_S", 0.2)
    with own_valkey(tmp_path) as store, serving(_Application(people)) as port:
        tab = Tab(port, "owner", post.START)
        store.stop(signal.SIGKILL)
        assert tab.events("never") == []
        assert Tab(port, "owner", post.START).answer.status == 503
        store.start()
        tab = Tab(port, "owner", "1-1")
        assert (tab.answer.status, tab.events("resync")) == (200, ["resync"])
        tab.close()


def test_an_entry_of_another_version_asks_for_everything(open_tab: Open) -> None:
    tab = open_tab("owner")
    redis.client().xadd(key_of(OURS), {"e": '[["name", 1, 2, 3, 4, 5, 6, 7]]'})
    assert tab.events("resync") == ["resync"]
    say(Event(OURS, "after"))
    assert tab.events("after") == ["after"]


def test_a_reader_that_falls_behind_costs_no_more_than_a_page_of_names() -> None:
    stream = streams._Stream(None, OWNER, "")  # type: ignore[arg-type]
    for number in range(10_000):
        stream.hear(Event(OURS, f"cnv_{number}"), (number + 1, 0))
    assert len(stream._outbox._waiting) <= MOST_NAMES + 1
    assert RESYNC in stream._outbox._waiting


def test_a_name_is_told_at_once_and_then_once_a_second() -> None:
    box = Outbox()
    box.add("queue", (5, 0))
    assert (box.due_in(100.0), box.take(100.0), box.position) == (0.0, ["queue"], "5-0")
    box.add("queue", (6, 0))
    box.add("queue", (7, 0))
    box.add("inbox", (8, 0))
    assert box.take(100.2) == []
    assert (box.take(100.3), box.position) == (["inbox"], f"5-{2**63 - 1}")
    assert (box.take(101.0), box.position) == (["queue"], "8-0")
    assert box.due_in(101.0) is None


def test_what_finds_no_room_is_counted_as_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post, "MOST_WAITING", 1)
    lost = metrics.LIVE_EVENTS.labels("lost")._value
    before = lost.get()
    box = post._Post()
    box.put([Event(OURS, "first"), Event(OURS, "first"), Event(OURS, "second")])
    assert lost.get() == before + 1


def test_workspaces_that_were_told_something_are_not_remembered_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(post, "MOST_KNOWN", 1)
    monkeypatch.setattr(post, "_renew_at", {})
    post._write([Event(OURS, "first")])
    post._write([Event(THEIRS, "second")])
    assert set(post._renew_at) == {THEIRS}
