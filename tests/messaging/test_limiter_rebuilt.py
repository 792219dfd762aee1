"""After a loss the limiter's log is made again from the rows: never with fewer slots than the one that was lost."""

import time
from typing import Any

import pytest
from django.db import transaction

from accounts.models import PlatformAccount
from huntaze.kernel import redis
from huntaze.kernel.limiter import Lane, LogLost, News
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Delivery
from messaging.rules.outcomes import Outcome, of_receipt
from messaging.services import limits, scheduler
from messaging.services.sending.claims import Claimed, claim
from messaging.services.sending.settle import settle
from messaging.types import DeliveryState, Receipt
from tests.factories.messaging import delivery

pytestmark = pytest.mark.django_db(transaction=True)
AGAIN = Outcome(DeliveryState.SCHEDULED, "not_sent", delay=0.0)
NOT_ON_THE_WIRE = Outcome(DeliveryState.SCHEDULED, "connect", delay=0.0, is_slot_used=False)
SENT = of_receipt(Receipt("738"))


class Sender:
    """Ticks, claims and settles as the pump does, one message at a time."""

    def __init__(self, account: PlatformAccount) -> None:
        self.account, self.limiter = account, limits.limiter()
        with pytest.raises(LogLost) as lost:
            self.limiter.tick(News())
        assert limits.rebuild(lost.value)

    def go(self) -> tuple[Claimed, str]:
        limits.poke([(self.account.pk, Lane.INTERACTIVE)])
        (grant,) = self.limiter.tick(News(), slots=1)
        with transaction.atomic():
            (row,) = claim([grant], lease=60.0)
        return row, grant.slots[0]

    def come_back(self, row: Claimed, slot: str, outcome: Outcome) -> None:
        assert settle([(row, outcome)]) == {row.id}
        slot_of_row = (row.account, slot, row.id)
        news = News(dated=[(*slot_of_row, 0)]) if outcome.is_slot_used else News(returned=[slot_of_row])
        self.limiter.tick(news, slots=0)
        scheduler.schedule_deliveries()

    def log(self) -> list[float]:
        """The dates of the account's slots, in seconds, the latest first."""
        rows = redis.client().zrange(f"send:slots:{self.account.pk}", 0, -1, withscores=True)
        return sorted((score / 1000 for _, score in rows), reverse=True)

    def log_made_again(self) -> list[float]:
        redis.client().flushdb()
        with pytest.raises(LogLost) as lost:
            self.limiter.tick(News())
        assert limits.rebuild(lost.value)
        return self.log()


@pytest.mark.parametrize(
    ("outcomes", "is_in_flight", "slots"),
    [
        ([SENT], False, 1),
        ([AGAIN, SENT], False, 2),
        ([AGAIN, AGAIN, AGAIN, SENT], False, 4),
        ([AGAIN], True, 2),
        ([AGAIN, AGAIN, AGAIN], True, 4),
        ([NOT_ON_THE_WIRE, AGAIN, NOT_ON_THE_WIRE, SENT], False, 2),
    ],
)
def test_every_answer_of_a_message_counts(
    world: Any, outcomes: list[Outcome], is_in_flight: bool, slots: int
) -> None:
    row = delivery(world.fan, world.owner)
    with cross_workspace("demo"):
        sender = Sender(world.account)
        for outcome in outcomes:
            sender.come_back(*sender.go(), outcome)
            time.sleep(0.05)
        if is_in_flight:
            sender.go()
        used = sender.log()
        again = sender.log_made_again()
        assert (len(used), len(again)) == (slots, slots)
        answered = slots - is_in_flight
        for before, after in zip(used[-answered:], again[-answered:], strict=True):
            assert abs(before - after) < 0.1
        assert Delivery.objects.get(pk=row.pk).attempts == len(outcomes) + is_in_flight


def test_an_answer_older_than_the_window_does_not_count(world: Any, settings: Any) -> None:
    settings.SEND_LIMIT_WINDOW_SECONDS = 1.5
    delivery(world.fan, world.owner)
    with cross_workspace("demo"):
        sender = Sender(world.account)
        sender.come_back(*sender.go(), AGAIN)
        time.sleep(1.0)
        sender.come_back(*sender.go(), SENT)
        assert len(sender.log_made_again()) == 1
