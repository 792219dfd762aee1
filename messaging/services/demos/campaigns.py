"""A demo's campaigns: one that runs, others in every state that a person meets."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from huntaze.kernel.limiter import Lane
from messaging.models import Campaign, Delivery, FanSignal, Message
from messaging.rules.demo import words
from messaging.selectors.campaigns import content_hash
from messaging.services.demos.people import ON_THE_LIST, Cast
from messaging.services.demos.rows import FIRST_MESSAGE, delivery, message, save
from messaging.services.send import text_digest
from messaging.types import AuthorKind, CampaignState, DeliveryState, SignalKind

PRIORITY = 7
#: Seconds between two messages of a campaign: ten in sixty.
PACE = 6
#: A fan who buys does so within these minutes, so of the last messages of a campaign that runs nobody has yet.
PAID_WITHIN = 10


@dataclass(frozen=True, slots=True)
class Shape:
    """A campaign of the demo: which text, in which state, when it began, and how its rows stand."""

    key: str
    state: CampaignState
    began: timedelta | None = None
    sent: int = 0
    bought: int = 0
    failed: int = 0
    uncertain: int = 0
    waiting: int = 0
    starts_in: timedelta | None = None


#: By the creator's number.
SHAPES = (
    (
        Shape("done", CampaignState.DONE, timedelta(days=34), sent=371, failed=2),
        Shape("done_priced", CampaignState.DONE, timedelta(days=12), sent=352, bought=41, failed=4),
        Shape(
            "running", CampaignState.RUNNING, timedelta(seconds=212 * PACE), sent=212, bought=9, failed=3,
            uncertain=1, waiting=164,
        ),
        Shape("scheduled", CampaignState.SCHEDULED, starts_in=timedelta(days=2)),
    ),
    (Shape("awaiting_approval", CampaignState.AWAITING_APPROVAL), Shape("draft", CampaignState.DRAFT)),
    (Shape("paused", CampaignState.PAUSED, timedelta(hours=5), sent=88, waiting=240),),
)  # fmt: skip


def campaigns_of(cast: Cast, now: datetime) -> int:
    return sum(_campaign(cast, shape, number, now) for number, shape in enumerate(SHAPES[cast.number]))


def _campaign(cast: Cast, shape: Shape, number: int, now: datetime) -> int:
    name, text, price = words.CAMPAIGNS[shape.key]
    began = now - shape.began if shape.began else None
    starts_at = began or (now + shape.starts_in if shape.starts_in else None)
    edited_at = (began or now) - timedelta(hours=4)
    has_plan = shape.state is not CampaignState.DRAFT
    is_approved = has_plan and shape.state is not CampaignState.AWAITING_APPROVAL
    size = shape.sent + shape.failed + shape.uncertain + shape.waiting or ON_THE_LIST
    approval: dict[str, Any] = {
        "approved_by": cast.team.manager,
        "approved_at": edited_at,
        "launched_by": cast.team.manager,
    }
    row = Campaign.objects.create(
        account=cast.account,
        name=name,
        state=shape.state,
        language=cast.plan.language,
        text=text,
        text_digest=text_digest(text),
        price_minor=price * 100,
        include=[{"list": cast.everybody.public_id}],
        priority=PRIORITY,
        timezone=cast.plan.timezone,
        editor=cast.team.chatter,
        plan={"planned": size, "excluded_by": {}, "needs_second_person": False} if has_plan else None,
        planned_at=edited_at if has_plan else None,
        created_at=edited_at,
        edited_at=edited_at,
        scheduled_for=starts_at if shape.starts_in else None,
        launch_at=starts_at if is_approved else None,
        started_at=began,
        judged_from=began,
        ended_at=began + timedelta(seconds=size * PACE)
        if began and shape.state is CampaignState.DONE
        else None,
        **(approval if is_approved else {}),
    )
    said = content_hash(row)
    Campaign.objects.filter(pk=row.pk).update(approved_hash=said if is_approved else "")
    return _rows(cast, shape, row, text, number, began) if began else 1


def _rows(cast: Cast, shape: Shape, row: Campaign, text: str, number: int, began: datetime) -> int:
    """The first fans of the list were written to, the next failed, the last wait; some of the first have bought."""
    messages: list[Message] = []
    deliveries: list[Delivery] = []
    signals: list[FanSignal] = []
    states = (
        [DeliveryState.SENT] * shape.sent
        + [DeliveryState.FAILED] * shape.failed
        + [DeliveryState.UNCERTAIN] * shape.uncertain
    )
    base = {"campaign": row, "lane": Lane.BULK, "priority": PRIORITY}
    for fan, state in enumerate(states):
        at = began + timedelta(seconds=PACE * min(fan, shape.sent - 1))
        paid_at = _paid_at(shape, fan, at)
        told = {"platform_message_id": str(FIRST_MESSAGE + 2_000_000 + 1000 * number + fan)}
        made = message(
            cast, fan, _filled(text, cast, fan), at, author_kind=AuthorKind.CAMPAIGN, author=row.editor,
            approved_by=row.approved_by, approved_at=row.approved_at, price_minor=row.price_minor,
            purchased_at=paid_at,
            **(told if state is DeliveryState.SENT else {"sent_at": None}),
        )  # fmt: skip
        messages.append(made)
        wrong = {"last_error": "not_found"} if state is DeliveryState.FAILED else {}
        lost = {"last_error": "timeout", "answered_at": None} if state is DeliveryState.UNCERTAIN else {}
        deliveries.append(delivery(cast, fan, state, at, message=made, **base, **wrong, **lost))
        if paid_at:
            signals.append(_bought(cast, made, fan, number, paid_at))
    save(messages, deliveries)
    waits = DeliveryState.HELD if shape.state is CampaignState.PAUSED else DeliveryState.QUEUED
    rest = [
        delivery(
            cast,
            len(states) + place,
            waits,
            began,
            promised_at=began + timedelta(seconds=PACE * (len(states) + place)),
            **base,
        )
        for place in range(shape.waiting)
    ]
    Delivery.objects.bulk_create(rest)
    FanSignal.objects.bulk_create(signals)
    return len(messages) + len(rest)


def _paid_at(shape: Shape, fan: int, sent_at: datetime) -> datetime | None:
    """Every so many fans one buys, some minutes later."""
    if not shape.bought:
        return None
    step = max(1, (shape.sent - PAID_WITHIN * 60 // PACE) // shape.bought)
    is_bought = fan % step == 0 and fan // step < shape.bought
    return (
        sent_at + timedelta(minutes=1 + fan * 7 % (PAID_WITHIN - 1), seconds=fan % 60) if is_bought else None
    )


def _filled(text: str, cast: Cast, fan: int) -> str:
    first = cast.plan.fans[fan].name.split(" ")[0]
    return text.replace("{firstName|you}", first).replace("{firstName|toi}", first)


def _bought(cast: Cast, made: Message, fan: int, number: int, at: datetime) -> FanSignal:
    return FanSignal(
        account=cast.account,
        conversation=cast.talks[fan],
        message=made,
        kind=SignalKind.PURCHASE,
        amount_minor=made.price_minor,
        platform_event_id=f"campaign{number}:{fan}",
        occurred_at=at,
    )
