"""Many messages of many kinds at once: order, precedence, and one message for one key."""

import http.client
import json
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import combinations
from threading import Barrier
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection

from accounts.models import Membership
from bench.kit import rows
from huntaze.kernel.limiter import Lane
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Delivery, Fan, Message
from messaging.rules.lanes import lane_of
from messaging.services import limits
from tests.factories.accounts import api_key
from tests.factories.campaigns import campaign
from tests.faults.conftest import make_stage
from tests.faults.house import House, wait_for
from tests.faults.stage import CROWD, SMALL, Stage, Tell
from tests.faults.test_halted import arrived_of
from tests.sandbox.server import Sandbox

FANS, SINGLES, CALLS = 20, 5, 64
#: A campaign's own row may be granted beside the first of a burst, once by each pump.
PUMPS = 2


@pytest.fixture
def crowd(platform: Sandbox, house: House, tell: Tell) -> Stage:
    return make_stage(platform, house, tell, SMALL, accounts=CROWD, fans=FANS)


def test_singles_overtake_campaigns_and_keep_their_order(crowd: Stage) -> None:
    campaigns = [campaign_beside(desk) for desk in crowd.desks[:2]]
    crowd.house.start_all()
    wait_for(
        lambda: min(map(arrived_of, campaigns)) >= 2, seconds=60, what="campaigns run", house=crowd.house
    )
    queued_at = queue_singles(crowd)
    crowd.note(f"queued {CROWD * SINGLES} single messages of mixed priorities beside two campaigns")
    with cross_workspace("demo"):
        count = Delivery.objects.count()
    crowd.wait_until_sent(count)
    arrivals = {row["idempotencyKey"]: row["acceptedAt"] for row in crowd.platform.sent()}
    with cross_workspace("demo"):
        found = list(Delivery.objects.filter(dispatched_at__gt=queued_at).order_by("priority", "pk"))
    singles = [row for row in found if row.campaign_id is None]
    waits = sorted(
        arrivals[row.public_id] - queued_at.timestamp() for row in singles if row.lane == "interactive"
    )
    late = {row.public_id: overtaken_by_campaign(row, found) for row in singles}
    crowd.tell(
        f"counted: {len(singles)} singles; waits of replies: P50 {waits[len(waits) // 2]:.2f} s,"
        f" P95 {waits[int(len(waits) * 0.95)]:.2f} s (W/L = {crowd.scale.window / 10:.2f} s);"
        f" most of a campaign before a single: {max(late.values())}"
    )
    assert len(singles) == CROWD * SINGLES
    assert [pair for pair in pairs_of(found) if not keeps_order(pair, arrivals)] == []
    assert max(late.values()) <= PUMPS
    crowd.expect_exactly_once()


def campaign_beside(desk: rows.Desk) -> Any:
    """A campaign to the fans that get no single message, of the least urgent kind."""
    with cross_workspace("demo"):
        owner = Membership.objects.get(pk=desk.member)
        fans = list(Fan.objects.filter(pk__in=desk.fans[SINGLES:]).select_related("account__creator"))
    return campaign(fans[0].account, owner, [{"fan": fan.public_id} for fan in fans], priority=9)


def queue_singles(stage: Stage) -> datetime:
    """Five messages to five fans of every account, priorities 1 to 8 in turn, all queued in one moment."""
    keys = rows.queue(stage.desks, SINGLES, lane="interactive", state="held")
    priorities = [1 + (7 * place) % 8 for place in range(len(keys))]
    lanes = [str(lane_of(priority)) for priority in priorities]
    moment = stage.database_now()  # before they can be seen: a sender that is awake takes them at once
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE messaging_delivery d SET state = 'queued', priority = o.priority, lane = o.lane"
            "  FROM unnest(%s::bigint[], %s::int[], %s::text[]) AS o(id, priority, lane) WHERE d.id = o.id",
            [keys, priorities, lanes],
        )
    limits.poke((desk.account, lane) for desk in stage.desks for lane in Lane)
    return moment


def pairs_of(found: list[Delivery]) -> list[tuple[Delivery, Delivery]]:
    """Every two messages of one account and lane that waited together, the better one first."""
    groups = defaultdict(list)
    for row in found:
        groups[row.account_id, row.lane].append(row)
    return [pair for group in groups.values() for pair in combinations(group, 2)]


def keeps_order(pair: tuple[Delivery, Delivery], arrivals: dict[str, float]) -> bool:
    """The worse one arrived no earlier than the better one was on its way."""
    better, worse = pair
    assert better.dispatched_at is not None
    return better.dispatched_at.timestamp() <= arrivals[worse.public_id]


def overtaken_by_campaign(single: Delivery, found: list[Delivery]) -> int:
    """Rows of its account's campaign that were put on the wire while it waited."""
    assert single.dispatched_at is not None
    return sum(
        row.campaign_id is not None
        and row.account_id == single.account_id
        and row.dispatched_at is not None
        and row.dispatched_at < single.dispatched_at
        for row in found
    )


def test_64_calls_at_once_with_one_key_queue_one_message(platform: Sandbox, house: House, tell: Tell) -> None:
    stage = make_stage(platform, house, tell, SMALL, accounts=1)
    with cross_workspace("demo"):
        owner = Membership.objects.get(pk=stage.desks[0].member)
        fan = Fan.objects.get(pk=stage.desks[0].fans[0])
    secret = api_key(owner, requests_per_minute=1000)
    address = urlsplit(house.start_web())
    body = json.dumps({"recipientId": fan.public_id, "content": "Only once"})
    headers = {
        "Authorization": f"Bearer {secret}",
        "Idempotency-Key": "once",
        "Content-Type": "application/json",
    }
    together = Barrier(CALLS)

    def call(_: int) -> tuple[int, str]:
        link = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        link.connect()
        together.wait(60)
        link.request("POST", "/api/onlyfans/messaging/send", body, headers)
        answer = link.getresponse()
        found = json.loads(answer.read())
        link.close()
        return answer.status, found.get("messageId", "")

    with ThreadPoolExecutor(CALLS) as pool:
        answers = list(pool.map(call, range(CALLS)))
    with cross_workspace("demo"):
        made = Message.objects.count(), Delivery.objects.count()
        message = Message.objects.get()
    tell(
        f"{CALLS} calls at once with one key: {len(set(answers))} answer, {made[0]} message, {made[1]} delivery"
    )
    assert made == (1, 1)
    assert set(answers) == {(202, message.public_id)}
