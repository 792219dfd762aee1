"""What was said in a demo in the last weeks, and what fans paid in a year."""

from datetime import datetime, timedelta

from messaging.models import Delivery, FanSignal, Message
from messaging.services.demos.people import Cast
from messaging.services.demos.rows import BATCH, FIRST_MESSAGE, delivery, message, save, written
from messaging.types import AuthorKind, DeliveryState, Direction, SignalKind


def talks_of(cast: Cast, now: datetime) -> int:
    """Conversations; what the team said went out through our queue."""
    messages: list[Message] = []
    deliveries: list[Delivery] = []
    for number, line in enumerate(cast.plan.lines):
        platform_id = {"platform_message_id": str(FIRST_MESSAGE + number)}
        if line.is_out:
            said = written(cast, line.fan, line.text, line.at, **platform_id)
            queued_at = line.at - timedelta(seconds=4)
            deliveries.append(delivery(cast, line.fan, DeliveryState.SENT, queued_at, message=said))
        else:
            said = message(
                cast, line.fan, line.text, line.at,
                direction=Direction.INBOUND, author_kind=AuthorKind.UNKNOWN, **platform_id,
            )  # fmt: skip
        messages.append(said)
    return save(messages, deliveries)


def payments_of(cast: Cast, now: datetime) -> int:
    """Offers that were bought, and tips; each with the platform's news of it."""
    offers: list[Message] = []
    signals: list[FanSignal] = []
    for number, paid in enumerate(cast.plan.payments):
        offer = None
        if paid.text:
            offer = message(
                cast, paid.fan, paid.text, paid.sent_at,
                price_minor=paid.minor, media_ids=[f"demo{number}"], purchased_at=paid.at,
                platform_message_id=str(FIRST_MESSAGE + 1_000_000 + number),
            )  # fmt: skip
            offers.append(offer)
        signals.append(
            FanSignal(
                account=cast.account,
                conversation=cast.talks[paid.fan],
                message=offer,
                kind=SignalKind.PURCHASE if offer else SignalKind.TIP,
                amount_minor=paid.minor,
                platform_event_id=f"demo{number}",
                occurred_at=paid.at,
            )
        )
    save(offers)
    FanSignal.objects.bulk_create(signals, batch_size=BATCH)
    return len(signals)
