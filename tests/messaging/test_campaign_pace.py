"""A campaign's own caps: never more in any hour or day, whoever sends, and nobody else waits for it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F

from accounts.services.audit import Actor
from huntaze.kernel import clock
from huntaze.kernel.limiter import Grant, Lane
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from messaging.models import Campaign, Delivery
from messaging.rules import outcomes
from messaging.services.campaigns import pace, rows, steer, tend
from messaging.services.campaigns.progress import progress
from messaging.services.campaigns.texts import write_texts
from messaging.services.send import UNKNOWN
from messaging.services.sending import claims
from messaging.services.sending.settle import settle
from messaging.types import Receipt
from tests.factories.campaigns import campaign
from tests.factories.messaging import FanFactory, delivery

pytestmark = pytest.mark.django_db(transaction=True)
SYSTEM = Actor.system()


def started(world: Any, fans: int = 12, **caps: int) -> Campaign:
    many = [FanFactory(account=world.account) for _ in range(fans)]
    row = campaign(world.account, world.owner, [{"fan": fan.public_id} for fan in many], **caps)
    tend.tend(now=clock.now())
    return row


def states(row: Campaign) -> dict[str, int]:
    with cross_workspace("demo"):
        found = Delivery.objects.filter(campaign=row).values_list("state", flat=True)
        return {state: list(found).count(state) for state in sorted(set(found))}


def go(world: Any, count: int = 10) -> list[int]:
    """Claim as a pump does and settle as sent; returns the rows."""
    grant = Grant(world.account.pk, Lane.BULK, 1, tuple(f"slot{n}" for n in range(count)))
    with cross_workspace("send engine"):
        with transaction.atomic():
            taken = write_texts(claims.claim([grant], lease=60))
        settle([(row, outcomes.of_receipt(Receipt(f"9{row.id}"))) for row in taken])
    return [row.id for row in taken]


def pass_time(row: Campaign, by: timedelta) -> None:
    """What happened so far happened so much earlier."""
    with cross_workspace("demo"):
        Delivery.objects.filter(campaign=row, dispatched_at__isnull=False).update(
            dispatched_at=F("dispatched_at") - by, answered_at=F("answered_at") - by
        )


def test_no_more_is_queued_than_the_hour_has_room_for(world: Any) -> None:
    row = started(world, most_per_hour=4)
    assert states(row) == {"held": 8, "queued": 4}
    first = go(world)
    tend.tend(now=clock.now())
    assert (len(first), states(row)) == (4, {"held": 8, "sent": 4})
    pass_time(row, timedelta(minutes=59))
    tend.tend(now=clock.now())
    assert states(row) == {"held": 8, "sent": 4}
    pass_time(row, timedelta(minutes=1, seconds=1))
    tend.tend(now=clock.now())
    assert states(row) == {"held": 4, "queued": 4, "sent": 4}


def test_the_stricter_of_hour_and_day_holds(world: Any) -> None:
    row = started(world, most_per_hour=4, most_per_day=6)
    go(world)
    pass_time(row, timedelta(hours=2))
    tend.tend(now=clock.now())
    assert states(row) == {"held": 6, "queued": 2, "sent": 4}
    go(world)
    pass_time(row, timedelta(hours=2))
    tend.tend(now=clock.now())
    assert states(row) == {"held": 6, "sent": 6}
    pass_time(row, timedelta(hours=20, seconds=1))
    tend.tend(now=clock.now())
    assert states(row) == {"held": 2, "queued": 4, "sent": 6}


def test_those_who_come_first_go_first(world: Any) -> None:
    row = started(world, most_per_hour=4)
    with cross_workspace("demo"):
        pks = list(Delivery.objects.filter(campaign=row).order_by("pk").values_list("pk", flat=True))
    assert sorted(go(world)) == pks[:4]


def test_the_answer_dates_a_message(world: Any) -> None:
    """What was claimed 61 minutes ago and answered 59 minutes ago may have arrived inside this hour."""
    row = started(world, most_per_hour=4)
    go(world)
    pass_time(row, timedelta(minutes=59))
    with cross_workspace("demo"):
        Delivery.objects.filter(campaign=row, state="sent").update(
            dispatched_at=F("dispatched_at") - timedelta(seconds=70)
        )
    tend.tend(now=clock.now())
    assert states(row) == {"held": 8, "sent": 4}


@pytest.mark.parametrize(
    ("state", "fields", "room"),
    [
        ("sending", {}, 0),
        ("scheduled", {"attempts": 1}, 0),
        ("uncertain", {"needs_lookup": True}, 0),
        ("uncertain", {"needs_lookup": False}, 1),
        ("failed", {}, 1),
        ("cancelled", {}, 1),
    ],
)
def test_what_may_still_leave_keeps_its_place(
    world: Any, state: str, fields: dict[str, Any], room: int
) -> None:
    row = started(world, most_per_hour=1)
    with cross_workspace("demo"):
        Delivery.objects.filter(campaign=row, state="queued").update(state=state, **fields)
    tend.tend(now=clock.now())
    assert states(row).get("queued", 0) == room


def test_a_repeat_takes_one_place_and_no_second(world: Any) -> None:
    row = started(world, most_per_hour=2)
    grant = Grant(world.account.pk, Lane.BULK, 1, ("a", "b"))
    with cross_workspace("send engine"):
        with transaction.atomic():
            one, other = write_texts(claims.claim([grant], lease=60))
        settle([(one, outcomes.of_receipt(Receipt("91"))), (other, outcomes.never_sent())])
    tend.tend(now=clock.now())
    assert states(row) == {"held": 10, "queued": 1, "sent": 1}


def test_two_rounds_at_once_share_one_cap(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the campaign's lock both count the same room; with it the cap holds."""

    def both(work: Any) -> int:
        row = started(world, most_per_hour=4)
        with cross_workspace("demo"):
            Delivery.objects.filter(campaign=row).update(state="held")
        barrier, original = threading.Barrier(2), rows.queue

        def late(*args: Any, **named: Any) -> int:
            try:
                barrier.wait(1)
            except threading.BrokenBarrierError:
                pass
            return original(*args, **named)

        monkeypatch.setattr(rows, "queue", late)

        def one(_: int) -> None:
            try:
                with cross_workspace("demo"):
                    work(row)
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(one, range(2)))
        monkeypatch.setattr(rows, "queue", original)
        with cross_workspace("demo"):
            Campaign.objects.filter(pk=row.pk).update(state="cancelled")
        return states(row)["queued"]

    def unlocked(row: Campaign) -> None:
        with transaction.atomic():
            pace.release(row, UNKNOWN, clock.now())

    assert both(unlocked) == 8
    assert both(lambda row: tend._one_round(row.pk, UNKNOWN, clock.now())) == 4


def test_two_pumps_at_once_send_no_more_than_the_cap(world: Any) -> None:
    row = started(world, most_per_hour=4)

    def one(_: int) -> list[int]:
        try:
            return go(world)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        sent = [pk for taken in pool.map(one, range(2)) for pk in taken]
    tend.tend(now=clock.now())
    assert (len(sent), states(row)) == (4, {"held": 8, "sent": 4})


def test_other_messages_of_the_account_and_other_accounts_do_not_wait(world: Any) -> None:
    row = started(world, most_per_hour=1)
    go(world)
    own = delivery(world.fan, world.owner, lane="bulk", priority=9)
    other = delivery(FanFactory(account=world.other_account), world.owner, lane="bulk", priority=9)
    grants = [
        Grant(account.pk, Lane.BULK, 1, ("a", "b", "c")) for account in (world.account, world.other_account)
    ]
    with cross_workspace("send engine"):
        taken = {claimed.id for claimed in claims.claim(grants, lease=60)}
    assert taken == {own.pk, other.pk}
    assert states(row) == {"held": 11, "sent": 1}


def test_pause_and_resume_keep_to_the_cap(world: Any) -> None:
    row = started(world, most_per_hour=4)
    go(world, 3)
    with workspace_scope(row.workspace_id):
        steer.pause(campaign=row, actor=SYSTEM, now=clock.now())
    assert states(row) == {"held": 9, "sent": 3}
    with workspace_scope(row.workspace_id):
        steer.resume(campaign=row, outlook=UNKNOWN, actor=SYSTEM, now=clock.now())
    assert states(row) == {"held": 8, "queued": 1, "sent": 3}


def test_failed_ones_are_retried_as_the_cap_has_room(world: Any) -> None:
    row = started(world, fans=4, most_per_hour=4)
    go(world)
    with cross_workspace("demo"):
        failed = list(Delivery.objects.filter(campaign=row).values_list("pk", flat=True)[:2])
        Delivery.objects.filter(pk__in=failed).update(state="failed")
    with workspace_scope(row.workspace_id):
        _, count = steer.retry_failed(campaign=row, outlook=UNKNOWN, actor=SYSTEM, now=clock.now())
    assert (count, states(row)) == (2, {"held": 2, "sent": 2})
    pass_time(row, timedelta(hours=1, seconds=1))
    tend.tend(now=clock.now())
    assert states(row) == {"queued": 2, "sent": 2}


def test_progress_tells_the_caps_and_an_end_that_follows_from_them(world: Any, settings: Any) -> None:
    row = started(world, most_per_hour=4, most_per_day=1000)
    go(world, 3)
    with workspace_scope(row.workspace_id):
        found = progress(Campaign.objects.get(pk=row.pk), clock.now())
    assert [(one.cap.most, one.open + one.left) for one in found.used] == [(4, 4), (1000, 4)]
    assert found.ends_at is not None
    # The twelfth message is the last of the third hour's four; the day's cap does not bind.
    wait = found.ends_at - started_at(row)
    assert timedelta(hours=2) <= wait <= timedelta(hours=2, minutes=1)


def started_at(row: Campaign) -> datetime:
    with cross_workspace("demo"):
        first = (
            Delivery.objects.filter(campaign=row, dispatched_at__isnull=False)
            .order_by("dispatched_at")
            .first()
        )
    assert first is not None
    assert first.dispatched_at is not None
    return first.dispatched_at


def test_one_whose_text_is_lost_fails_instead_of_waiting_for_its_cap(world: Any) -> None:
    row = started(world, most_per_hour=1)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE messaging_campaign SET text = 'garbage' WHERE id = %s", [row.pk])
    tend.tend(now=clock.now())
    with cross_workspace("demo"):
        assert Campaign.objects.values_list("state", "state_reason").get(pk=row.pk) == (
            "failed",
            "text_unreadable",
        )
