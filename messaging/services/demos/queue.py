"""A demo's queue: what waits and why, what is planned, what failed, and what nobody knows the end of."""

from datetime import datetime, timedelta

from messaging.models import Delivery, Message
from messaging.rules.demo import words
from messaging.services.demos.people import Cast
from messaging.services.demos.rows import delivery, save, written
from messaging.types import DeliveryState

#: How many messages wait on an account, by its trouble: only what can't leave piles up.
WAITING = {"connected": 3, "expired": 23, "paused": 14}
FAILURES = ("banned_words", "not_found", "forbidden")
LOST = ("timeout", "outcome_unknown")
PLANNED = 5
#: Fans after those who talk: what is queued here crosses no conversation.
FIRST = 60


def queue_of(cast: Cast, now: datetime) -> int:
    messages: list[Message] = []
    deliveries: list[Delivery] = []
    texts = words.WAITING[cast.plan.language]

    def add(state: DeliveryState, at: datetime, **more: object) -> None:
        number = len(messages)
        price = 900 if number % 5 == 4 else 0
        said = written(cast, FIRST + number, texts[number % len(texts)], at, sent_at=None, price_minor=price)
        messages.append(said)
        deliveries.append(delivery(cast, FIRST + number, state, at, message=said, **more))

    for place in range(WAITING[cast.plan.trouble]):
        at = now - timedelta(minutes=40 - place)
        add(DeliveryState.QUEUED, at, promised_at=now + timedelta(minutes=20, seconds=6 * place))
    for place in range(PLANNED if cast.plan.trouble == "connected" else 0):
        due = now.replace(minute=0, second=0, microsecond=0) + timedelta(days=place + 1, hours=2)
        at = now - timedelta(hours=3)
        add(DeliveryState.SCHEDULED, at, available_at=due, promised_at=due)
    for place, error in enumerate(FAILURES):
        add(DeliveryState.FAILED, now - timedelta(hours=2 * place + 1, minutes=7 * place), last_error=error)
    for place, error in enumerate(LOST[: 2 - cast.number]):
        add(
            DeliveryState.UNCERTAIN,
            now - timedelta(minutes=55 + 31 * place),
            last_error=error,
            answered_at=None,
        )
    return save(messages, deliveries)
