"""Redis forgets everything in the middle of sending: the limiter rebuilds from the rows, and never grants too much."""

import signal
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from huntaze.kernel import redis
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Delivery
from tests.faults.conftest import make_stage
from tests.faults.house import open_house, wait_for
from tests.faults.stage import Scale, Stage, Tell
from tests.faults.stores import Store, own_valkey
from tests.sandbox.server import Sandbox


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Store]:
    with own_valkey(tmp_path) as store:
        yield store


@pytest.fixture
def own_stage(
    valkey: Store,
    platform: Sandbox,
    fast: dict[str, str],
    transactional_db: None,
    tell: Tell,
    scale: Scale,
    tmp_path: Path,
) -> Iterator[Stage]:
    with open_house(tmp_path, **fast) as running:
        yield make_stage(platform, running, tell, scale)


def wait_until_it_goes_on(stage: Stage) -> None:
    """Redis is there again: until the first message that was claimed after that."""
    since = stage.database_now()
    first = wait_for(lambda: claimed_after(since), seconds=60, what="sending goes on", house=stage.house)
    stage.tell(f"sending went on {(first - since).total_seconds():.1f} s after Redis was back")


def claimed_after(moment: datetime) -> datetime | None:
    with cross_workspace("demo"):
        rows = Delivery.objects.filter(dispatched_at__gt=moment).order_by("dispatched_at")
        return rows.values_list("dispatched_at", flat=True).first()


def test_a_flush_twice_never_exceeds_the_limit(stage: Stage) -> None:
    count = stage.queue()
    stage.house.start_all()
    for share in (0.2, 0.5):
        stage.wait_for_arrivals(int(count * share))
        redis.client().flushdb()
        stage.note("flushed Redis")
        wait_until_it_goes_on(stage)
    stage.wait_until_sent(count)
    stage.expect_exactly_once()


def test_a_killed_redis_twice_never_exceeds_the_limit(own_stage: Stage, valkey: Store) -> None:
    stage = own_stage
    count = stage.queue()
    stage.house.start_all()
    for share in (0.2, 0.5):
        stage.wait_for_arrivals(int(count * share))
        valkey.stop(signal.SIGKILL)
        stage.note("killed Redis")
        valkey.start()
        wait_until_it_goes_on(stage)
    stage.wait_until_sent(count)
    stage.expect_exactly_once()
