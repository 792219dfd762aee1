"""A campaign's turn: exact recipients, once each, whatever happens in the middle."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from billing.services.ledger import reservations
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from messaging.models import Campaign, CampaignExclusion, Conversation, Delivery, Fan, FanList, Message
from messaging.selectors.audiences import counts
from messaging.selectors.campaigns import figures
from messaging.services.campaigns import expand, tend
from messaging.services.send import text_digest
from tests.factories.campaigns import campaign
from tests.factories.messaging import FanFactory, delivery

FANS = """
INSERT INTO messaging_fan (uid, workspace_id, account_id, platform_user_id, can_receive, first_seen_at, last_active_at)
SELECT huntaze_uuid7(), %s, %s, g::text, g %% 100 <> 0, now(), now() - g * interval '1 second'
  FROM generate_series(1, %s) g
"""
ENTRIES = """
INSERT INTO messaging_fanlistentry (workspace_id, fan_list_id, fan_id, added_at)
SELECT workspace_id, %s, id, now() FROM messaging_fan
 WHERE account_id = %s AND last_active_at IS NOT NULL
"""
UNIQUE = "CREATE UNIQUE INDEX delivery_once_a_campaign ON messaging_delivery (fan_id, campaign_id) WHERE campaign_id IS NOT NULL"  # noqa: E501


def fill(account: Any, count: int) -> list[dict[str, str]]:
    """That many fans of the account on a list (every hundredth can't receive); returns the include part."""
    with cross_workspace("demo"):
        fan_list = FanList.objects.create(
            workspace=account.workspace, account=account, name="Crowd", created_at=clock.now()
        )
    with connection.cursor() as cursor:
        cursor.execute(FANS, [account.workspace_id, account.pk, count])
        cursor.execute(ENTRIES, [fan_list.pk, account.pk])
        cursor.execute(
            "ANALYZE messaging_fan"
        )  # as autovacuum does: foreign keys are checked by a plan that is kept
    return [{"list": fan_list.public_id}]


def planning(world: Any, include: list[dict[str, str]], **fields: Any) -> Campaign:
    """Approved by somebody else than its editor, and its turn has come."""
    return campaign(
        world.account, world.owner, include, approved_by=world.manager, state="planning", **fields
    )


def turn(row: Campaign) -> int:
    with workspace_scope(row.workspace_id):
        return expand.expand(campaign_pk=row.pk, now=clock.now())


def counted() -> tuple[int, int]:
    with cross_workspace("demo"):
        return Delivery.objects.count(), CampaignExclusion.objects.count()


def state(row: Campaign) -> str:
    with cross_workspace("demo"):
        return str(Campaign.objects.get(pk=row.pk).state)


def test_20000_fans_become_deliveries_in_seconds(world: Any) -> None:
    row = planning(world, fill(world.account, 20_000))
    started = time.monotonic()
    assert turn(row) == 19_800
    assert time.monotonic() - started < 5
    with cross_workspace("demo"):
        rows = Delivery.objects.filter(campaign=row)
        assert set(rows.values_list("state", "lane", "priority", "message", "account")) == {
            ("queued", "bulk", 7, None, world.account.pk)
        }
        assert rows.values("fan").distinct().count() == 19_800
        first = rows.order_by("pk").first()
        assert first is not None
        assert (first.fan.platform_user_id, first.uid.version) == ("1", 7)
        found = figures(row, clock.now())
    assert (found.deliveries, found.excluded) == ({"queued": 19_800}, {"cannot_receive": 200})
    assert state(row) == "running"
    assert (turn(row), counted()) == (0, (19_800, 200))


def test_every_reason_leaves_out_exactly_its_fans(world: Any) -> None:
    now = clock.now()
    names = "plain excluded blocked talking campaign same_text same_message long_ago"
    fans = {name: FanFactory(account=world.account) for name in names.split()}
    before = campaign(
        world.account, world.owner, [{"fan": fans["plain"].public_id}], state="done", text="Other"
    )
    same = campaign(world.account, world.owner, [{"fan": fans["plain"].public_id}], state="done")
    delivery_of = {"campaign": (before, 2), "same_text": (same, 48), "long_ago": (same, 24 * 40)}
    for name, (other, hours) in delivery_of.items():
        sent = delivery(fans[name], world.owner, text=name, state="sent", campaign=other)
        at = now - timedelta(hours=hours)
        with cross_workspace("demo"):
            Delivery.objects.filter(pk=sent.pk).update(dispatched_at=at)
            Message.objects.filter(pk=sent.written.pk).update(
                sent_at=at, created_at=at, author_kind="campaign"
            )
    told = delivery(fans["same_message"], world.owner, text="Hey {firstName|you}", state="sent")
    with cross_workspace("demo"):
        at = now - timedelta(days=3)
        Message.objects.filter(pk=told.written.pk).update(sent_at=at, created_at=at)
        Fan.objects.filter(pk=fans["blocked"].pk).update(can_receive=False)
    with workspace_scope(world.account.workspace_id):
        Message.objects.create(
            account=world.account,
            conversation=Conversation.objects.create(account=world.account, fan=fans["talking"]),
            direction="in",
            author_kind="platform",
            text="Hi",
            text_digest=text_digest("Hi"),
            created_at=now - timedelta(minutes=5),
        )
    include = [{"fan": fan.public_id} for fan in fans.values()]
    switches = {"in_conversation_minutes": 30, "recent_campaign_hours": 24, "same_text_days": 30}
    exclude = [{"fan": fans["excluded"].public_id}]
    row = planning(world, include, exclude=exclude, **switches)
    assert turn(row) == 2
    with cross_workspace("demo"):
        reasons = dict(CampaignExclusion.objects.filter(campaign=row).values_list("fan", "reason"))
        going = set(Delivery.objects.filter(campaign=row).values_list("fan", flat=True))
        Campaign.objects.filter(pk=row.pk).update(state="done")
        Delivery.objects.filter(campaign=row).delete()
    assert going == {fans["plain"].pk, fans["long_ago"].pk}
    assert {name: reasons[fan.pk] for name, fan in fans.items() if fan.pk in reasons} == {
        "excluded": "excluded",
        "blocked": "cannot_receive",
        "talking": "in_conversation",
        "campaign": "recent_campaign",
        "same_text": "same_text",
        "same_message": "same_text",
    }
    assert turn(planning(world, include)) == 7


def test_who_had_any_of_its_media_is_left_out(world: Any) -> None:
    now, fans = clock.now(), [FanFactory(account=world.account) for _ in range(4)]
    had, other, long_ago, coming = fans
    for fan, media, days in ((had, ["1", "2"], 3), (other, ["3"], 3), (long_ago, ["1"], 40)):
        sent = delivery(fan, world.owner, state="sent")
        with cross_workspace("demo"):
            Message.objects.filter(pk=sent.written.pk).update(
                media_ids=media, sent_at=now - timedelta(days=days)
            )
    row = planning(world, [{"fan": fan.public_id} for fan in fans], media_ids=["2", "1"], same_media_days=30)
    before = campaign(
        world.account, world.owner, [{"fan": coming.public_id}], state="paused", media_ids=["1"]
    )
    delivery(coming, world.owner, campaign=before)
    assert turn(row) == 2
    with cross_workspace("demo"):
        reasons = dict(CampaignExclusion.objects.filter(campaign=row).values_list("fan", "reason"))
        going = set(Delivery.objects.filter(campaign=row).values_list("fan", flat=True))
    assert (reasons, going) == ({had.pk: "same_media", coming.pk: "same_media"}, {other.pk, long_ago.pk})


def test_a_cap_takes_those_who_were_active_last_and_says_who_came_after(world: Any) -> None:
    include = fill(world.account, 1000)
    row = planning(world, include, most_recipients=25)
    with workspace_scope(world.account.workspace_id):
        found = counts(row, clock.now())
    assert found == {"": 25, "over_cap": 965, "cannot_receive": 10}
    assert turn(row) == 25
    with cross_workspace("demo"):
        going = list(Delivery.objects.filter(campaign=row).order_by("pk").values_list("fan", flat=True))
        fans = Fan.objects.filter(account=world.account, can_receive=True, last_active_at__isnull=False)
        active_last = list(fans.order_by("-last_active_at", "pk").values_list("pk", flat=True)[:25])
        excluded = Counter(CampaignExclusion.objects.filter(campaign=row).values_list("reason", flat=True))
    assert (going, excluded) == (active_last, {"over_cap": 965, "cannot_receive": 10})


def test_a_second_campaign_of_the_account_waits_its_turn(world: Any) -> None:
    include = [{"fan": world.fan.public_id}]
    first = campaign(world.account, world.owner, include)
    second = campaign(world.account, world.owner, include)
    other = campaign(world.other_account, world.owner, [{"fan": world.other_fan.public_id}])
    assert tend.tend(now=clock.now()) == 2
    assert [state(row) for row in (first, second, other)] == ["running", "scheduled", "running"]
    with cross_workspace("demo"):
        Delivery.objects.filter(campaign=first).update(state="failed")
    tend.tend(now=clock.now())
    tend.tend(now=clock.now())
    assert [state(row) for row in (first, second)] == ["done", "running"]


def test_a_campaign_waits_for_its_time(world: Any) -> None:
    at = clock.now() + timedelta(hours=1)
    row = campaign(world.account, world.owner, [{"fan": world.fan.public_id}], launch_at=at)
    tend.tend(now=clock.now())
    assert state(row) == "scheduled"
    tend.tend(now=at)
    assert state(row) == "running"


@pytest.mark.parametrize(
    ("fans", "end", "reason"), [(51, "awaiting_approval", "second_person_needed"), (50, "running", "")]
)
def test_an_audience_that_grew_needs_the_second_person_after_all(
    world: Any, fans: int, end: str, reason: str
) -> None:
    row = campaign(world.account, world.owner, fill(world.account, fans), state="planning")
    turn(row)
    with cross_workspace("demo"):
        found = Campaign.objects.get(pk=row.pk)
    assert (found.state, found.state_reason) == (end, reason)
    assert counted() == ((0, 0) if reason else (50, 0))
    assert (found.approved_by_id is None) is bool(reason)


def test_what_is_not_as_it_was_approved_goes_back(world: Any) -> None:
    row = planning(world, [{"fan": world.fan.public_id}])
    with cross_workspace("demo"):
        Campaign.objects.filter(pk=row.pk).update(price_minor=900)
    assert turn(row) == 0
    with cross_workspace("demo"):
        found = Campaign.objects.get(pk=row.pk)
    assert (found.state, found.state_reason, found.approved_hash) == ("draft", "approval_void", "")
    assert counted() == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_killed_in_the_middle_it_leaves_nothing_and_goes_on(world: Any) -> None:
    row = planning(world, fill(world.account, 20_000))
    killed: list[str] = []

    def run() -> None:
        try:
            turn(row)
        except OperationalError as error:
            killed.append(type(error).__name__)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    with cross_workspace("demo"), transaction.atomic():
        late = Fan.objects.get(account=world.account, platform_user_id="15001")
        mine = delivery(late, world.owner, campaign=row)  # the insert will wait for this row, 15,000 rows in
        thread.start()
        pid = _waiting_pid()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
        thread.join(10)
        mine.delete()
        transaction.set_rollback(True)
    assert killed == ["OperationalError"]
    assert (counted(), state(row)) == ((0, 0), "planning")
    assert tend.tend(now=clock.now()) == 1
    assert (counted(), state(row)) == ((19_800, 200), "running")


def _waiting_pid() -> int:
    """The backend whose insert waits for ours."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
                " AND query LIKE '%WITH found (%' AND pid <> pg_backend_pid()"
            )
            found = cursor.fetchone()
        if found:
            return int(found[0])
        time.sleep(0.02)
    raise AssertionError("the insert never waited")


def _write_twice(row: Campaign) -> None:
    """Two planners at once, both past every lock."""
    barrier = threading.Barrier(2)

    def write(_: int) -> None:
        try:
            with workspace_scope(row.workspace_id), transaction.atomic():
                mine = Campaign.objects.select_related("account__creator").get(pk=row.pk)
                barrier.wait(10)
                expand.write_rows(mine, clock.now(), clock.now(), reservations.new_key())
                barrier.wait(30) if not _has_index() else None
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, range(2)))


def _has_index() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('delivery_once_a_campaign') IS NOT NULL")
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_two_planners_double_everything_without_the_constraint_and_nothing_with_it(world: Any) -> None:
    row = planning(world, fill(world.account, 99))
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX delivery_once_a_campaign")
    try:
        _write_twice(row)
        with cross_workspace("demo"):
            assert Delivery.objects.filter(campaign=row).count() == 198
            Delivery.objects.filter(campaign=row).delete()
    finally:
        with cross_workspace("demo"):
            Delivery.objects.filter(campaign=row).delete()
        with connection.cursor() as cursor:
            cursor.execute(UNIQUE)
    _write_twice(row)
    assert counted() == (99, 0)


@pytest.mark.django_db(transaction=True)
def test_eight_planners_at_once_give_one_expansion(world: Any) -> None:
    row = campaign(world.account, world.owner, fill(world.account, 2_000), approved_by=world.manager)

    def run(_: int) -> int:
        try:
            tend.tend(now=clock.now())
            return turn(row)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(run, range(8)))
    assert (counted(), state(row)) == ((1_980, 20), "running")
