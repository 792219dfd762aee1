"""The page of the queue: what each member sees, and that nothing else can be reached."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import PlatformAccount
from huntaze.kernel import clock
from huntaze.kernel.limiter import Lane
from huntaze.kernel.tenancy import cross_workspace
from tests.conftest import World
from tests.factories.accounts import MembershipFactory
from tests.factories.messaging import FanFactory, delivery

Browser = Callable[..., Client]
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


def test_it_sends_strangers_to_sign_in_and_back(browser: Browser) -> None:
    answer = browser().get("/onlyfans?show=sent")
    assert answer.status_code == 302
    assert answer["Location"] == "/signin?next=/onlyfans%3Fshow%3Dsent"


def test_a_fragment_sends_the_whole_page_to_sign_in(browser: Browser) -> None:
    headers = HTMX | {"HX-Current-URL": "http://testserver/onlyfans?show=sent"}
    answer = browser().get("/onlyfans/list?show=sent", headers=headers)
    assert (answer.status_code, answer.content) == (401, b"")
    assert answer["HX-Redirect"] == "/signin?next=/onlyfans%3Fshow%3Dsent"


def test_a_person_without_membership_gets_the_refusal_page(browser: Browser) -> None:
    member = MembershipFactory(ended_at=clock.now())
    answer = browser(member).get("/onlyfans")
    assert answer.status_code == 403
    assert "You can't open this" in answer.content.decode()


def test_it_shows_every_account_to_the_owner(browser: Browser, world: World) -> None:
    answer = browser(world.owner).get("/onlyfans")
    assert answer.status_code == 200
    assert [line.handle for line in answer.context["board"].lines] == [
        str(world.account),
        str(world.other_account),
    ]
    assert str(world.outsider_account) not in answer.content.decode()


def test_it_shows_a_chatter_only_assigned_creators(browser: Browser, world: World) -> None:
    delivery(world.other_fan, world.owner, text="Not for chatters")
    answer = browser(world.chatter).get("/onlyfans")
    assert [line.handle for line in answer.context["board"].lines] == [str(world.account)]
    assert "Not for chatters" not in answer.content.decode()


@pytest.mark.parametrize("part", ["", "/figures", "/list", "/fans", "/forecast"])
def test_an_account_out_of_reach_does_not_exist(browser: Browser, world: World, part: str) -> None:
    path = f"/onlyfans{part}"
    headers = HTMX if path != "/onlyfans" else {}
    for member, account in ((world.chatter, world.other_account), (world.owner, world.outsider_account)):
        answer = browser(member).get(path, {"account": account.public_id}, headers=headers)
        assert answer.status_code == 404


def test_it_counts_each_accounts_rows_by_state(browser: Browser, world: World) -> None:
    for state, count in {
        "queued": 3,
        "scheduled": 2,
        "failed": 1,
        "uncertain": 2,
        "sent": 4,
        "cancelled": 1,
    }.items():
        for _ in range(count):
            delivery(world.fan, world.owner, state=state, answered_at=clock.now())
    counts = browser(world.owner).get("/onlyfans").context["board"].lines[0].counts
    assert (counts.queued, counts.sending, counts.scheduled) == (3, 0, 2)
    assert (counts.failed, counts.uncertain) == (1, 2)


def test_it_shows_slots_in_use_and_the_next_free_one(browser: Browser, world: World) -> None:
    for _ in range(10):
        delivery(world.fan, world.owner, state="sent", answered_at=clock.now() - timedelta(seconds=30))
    line = browser(world.owner).get("/onlyfans").context["board"].lines[0]
    assert (line.used, line.limit, line.window) == (10, 10, 60)
    assert timedelta(seconds=28) < line.next_slot_at - clock.now() < timedelta(seconds=31)


def test_each_list_holds_its_own_rows_in_order(browser: Browser, world: World) -> None:
    now = clock.now()
    late = delivery(world.fan, world.owner, text="low", priority=7, lane=Lane.BULK)
    normal = delivery(world.fan, world.owner, text="normal", priority=5)
    first = delivery(world.fan, world.owner, text="first", priority=1)
    flying = delivery(world.fan, world.owner, text="flying", state="sending", dispatched_at=now)
    later = delivery(world.fan, world.owner, state="scheduled", available_at=now + timedelta(hours=2))
    sooner = delivery(world.fan, world.owner, state="scheduled", available_at=now + timedelta(hours=1))
    older = delivery(world.fan, world.owner, state="sent", answered_at=now - timedelta(minutes=2))
    newer = delivery(world.other_fan, world.owner, state="sent", answered_at=now - timedelta(minutes=1))
    dead = delivery(world.fan, world.owner, state="failed", last_error="banned_words", answered_at=now)
    lost = delivery(world.fan, world.owner, state="uncertain", last_error="timeout")
    client = browser(world.owner)

    def shown(show: str) -> list[str]:
        rows = client.get("/onlyfans/list", {"show": show}, headers=HTMX).context["listing"].rows
        return [row.message_id for row in rows]

    assert shown("going") == [row.message.public_id for row in (flying, first, normal, late)]
    assert shown("planned") == [row.message.public_id for row in (sooner, later)]
    assert shown("sent") == [row.message.public_id for row in (newer, older)]
    assert shown("failed") == [dead.message.public_id]
    assert shown("uncertain") == [lost.message.public_id]


@pytest.mark.parametrize("show", ["going", "planned", "sent", "failed", "uncertain"])
def test_pages_of_a_list_meet_without_gap_or_overlap(browser: Browser, world: World, show: str) -> None:
    state = {"going": "queued", "planned": "scheduled"}.get(show, show)
    now = clock.now()
    made = set()
    for number in range(60):
        fan = (world.fan, world.other_fan)[number % 2]
        lane = Lane.BULK if number % 3 == 0 else Lane.INTERACTIVE
        fields = {"lane": lane, "priority": 1 + number % 5, "state": state}
        at = now + timedelta(seconds=number // 4)
        made.add(delivery(fan, world.owner, available_at=at, answered_at=at, **fields).message.public_id)
    client, after, seen, sizes = browser(world.owner), "", [], []
    while True:
        listing = client.get("/onlyfans", {"show": show, "after": after}).context["listing"]
        seen += [row.message_id for row in listing.rows]
        sizes.append(len(listing.rows))
        after = listing.next_after
        if not after:
            break
    assert sizes == [25, 25, 10]
    assert len(seen) == 60
    assert set(seen) == made


def test_a_broken_cursor_is_the_first_page(browser: Browser, world: World) -> None:
    row = delivery(world.fan, world.owner)
    rows = browser(world.owner).get("/onlyfans", {"after": "1.2.x"}).context["listing"].rows
    assert [found.message_id for found in rows] == [row.message.public_id]


def test_rows_show_name_text_price_and_reason(browser: Browser, world: World) -> None:
    fan = FanFactory(account=world.account, name="Zoé <b>", handle="zoe")
    row = delivery(
        fan, world.owner, text="A  line\nand more", state="failed", last_error="banned_words", attempts=2
    )
    with cross_workspace("demo"):
        type(row.message).objects.filter(pk=row.message_id).update(price_minor=1250, media_ids=["1", "2"])
    answer = browser(world.owner).get("/onlyfans/list", {"show": "failed"}, headers=HTMX)
    page = answer.content.decode()
    assert "Zoé &lt;b&gt;" in page
    assert "@zoe" in page
    assert "A line and more" in page
    assert "$12.50" in page
    assert "OnlyFans refuses a word in this text." in page
    assert answer.context["listing"].rows[0].attempts == 2


def test_a_fragment_opened_directly_is_the_whole_page(browser: Browser, world: World) -> None:
    client = browser(world.owner)
    for path in ("/onlyfans/figures", "/onlyfans/list"):
        assert b"<!doctype html>" in client.get(path).content
        part = client.get(path, headers=HTMX)
        assert b"<!doctype html>" not in part.content
        assert "HX-Request" in part["Vary"]
        assert part["Cache-Control"] == "no-store, private"


def test_an_unchanged_fragment_is_not_sent_again(browser: Browser, world: World) -> None:
    client = browser(world.owner)
    etag = client.get("/onlyfans/list", headers=HTMX)["ETag"]
    again = client.get("/onlyfans/list", headers=HTMX | {"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    delivery(world.fan, world.owner)
    assert client.get("/onlyfans/list", headers=HTMX | {"If-None-Match": etag}).status_code == 200


def test_the_page_and_its_fragments_cost_few_queries(
    browser: Browser, world: World, django_assert_max_num_queries: Callable[..., object]
) -> None:
    for number in range(30):
        delivery((world.fan, world.other_fan)[number % 2], world.owner)
    client = browser(world.owner)
    client.get("/onlyfans")
    for path, most in (("/onlyfans", 15), ("/onlyfans/figures", 8), ("/onlyfans/list", 11)):
        with django_assert_max_num_queries(most):  # type: ignore[attr-defined]
            client.get(path, headers=HTMX if path != "/onlyfans" else {})


def test_trouble_with_an_account_says_what_to_do(browser: Browser, world: World) -> None:
    with cross_workspace("demo"):
        PlatformAccount.objects.filter(pk=world.account.pk).update(state="needs_code")
        PlatformAccount.objects.filter(pk=world.other_account.pk).update(is_sending_paused=True)
    delivery(world.fan, world.owner)
    page = browser(world.owner).get("/onlyfans").content.decode()
    assert "OnlyFans asks for a two-factor code." in page
    assert "1 message waits." in page
    assert "Paused" in page


def test_without_an_account_the_page_says_what_will_stand_here(browser: Browser) -> None:
    page = browser(MembershipFactory()).get("/onlyfans").content.decode()
    assert "No OnlyFans account is connected yet" in page
    assert 'id="send"' not in page


def test_while_redis_is_away_it_says_that_nothing_is_sent(
    browser: Browser, world: World, settings: Any, unused_port: int
) -> None:
    client = browser(world.owner)
    settings.REDIS_URL = f"redis://127.0.0.1:{unused_port}/0"
    answer = client.get("/onlyfans")
    assert answer.status_code == 200
    assert answer.context["board"].lines[0].used is None
    page = answer.content.decode()
    assert "can't be read right now, so nothing is sent" in page
    assert "It can't be said right now when it will go out" in page
