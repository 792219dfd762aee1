"""What the engine says of itself: each figure moves where its thing happens, and none names an account."""

import asyncio
from typing import Any

import pytest

from accounts.services.audit import Actor
from huntaze.kernel import clock, metrics
from huntaze.kernel.limiter import Lane
from huntaze.kernel.tenancy import cross_workspace
from messaging.services import limits
from messaging.services.dead_letters import it_arrived, send_again
from messaging.services.sending.pump import Pump
from tests.factories.messaging import FanFactory, delivery
from tests.sandbox.server import FAN, Sandbox

ENGINE = (
    metrics.QUEUE_DWELL_SECONDS, metrics.LIMITER_WAIT_SECONDS, metrics.LIMITER_TICKS, metrics.LIMITER_SLOTS,
    metrics.LIMITER_REBUILDS, metrics.UNCERTAIN_RESOLVED,
)  # fmt: skip


def figures() -> dict[tuple[str, str], float]:
    """Every sample of the engine by its name and label values."""
    samples = [sample for metric in ENGINE for family in metric.collect() for sample in family.samples]
    return {
        (sample.name, " ".join(sample.labels.values())): sample.value
        for sample in samples
        if not sample.name.endswith(("_bucket", "_created"))
    }


def moved(before: dict[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    after = figures()
    return {key: after[key] - before.get(key, 0.0) for key in after if after[key] != before.get(key, 0.0)}


@pytest.mark.django_db(transaction=True)
def test_a_pump_counts_its_ticks_its_slots_and_how_long_rows_waited(platform: Sandbox, world: Any) -> None:
    with cross_workspace("demo"):
        type(world.account).objects.filter(pk=world.account.pk).update(external_id=platform.account)
    for number in range(3):
        delivery(FanFactory(account=world.account, platform_user_id=str(FAN + number)), world.owner)
    before = figures()
    limits.poke([(world.account.pk, Lane.INTERACTIVE)])
    assert asyncio.run(Pump(seconds=3, is_stopping=lambda: False).run()) == 3
    found = moved(before)
    assert found[("huntaze_queue_dwell_seconds_count", "send")] == 3
    assert 0 < found[("huntaze_queue_dwell_seconds_sum", "send")] < 60
    assert found[("huntaze_limiter_rebuilds_total", "done")] == 1
    assert found[("huntaze_limiter_ticks_total", "lost")] == 1
    assert found[("huntaze_limiter_ticks_total", "none")] > 3
    granted, returned = (found[("huntaze_limiter_slots_total", name)] for name in ("granted", "returned"))
    assert granted - returned == 3


@pytest.mark.django_db
def test_queueing_says_how_far_ahead_a_message_was_placed(world: Any, api: Any) -> None:
    before = figures()
    sent = api(world.owner).post(
        "/api/onlyfans/messaging/send", {"recipientId": world.fan.public_id, "content": "Hi"}, format="json"
    )
    assert (sent.status_code, moved(before)) == (
        202,
        {("huntaze_limiter_wait_seconds_count", "onlyfans"): 1.0},
    )


@pytest.mark.django_db
@pytest.mark.parametrize("deed", [it_arrived, send_again])
def test_a_persons_decision_resolves_an_uncertain_message(world: Any, deed: Any) -> None:
    row, before = delivery(world.fan, world.owner, state="uncertain"), figures()
    with cross_workspace("demo"):
        deed(delivery=row, actor=Actor.system(), now=clock.now())
    assert moved(before) == {("huntaze_uncertain_resolved_total", "person"): 1.0}


def test_no_figure_is_kept_by_account_or_workspace() -> None:
    assert {label for metric in ENGINE for label in metric._labelnames} == {
        "queue", "platform", "outcome", "event", "way",
    }  # fmt: skip
