"""Three creators with their fans, what was said and what was paid in a year: the same seed and moment give the same."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from messaging.rules.demo import words

FANS, TALKS, DAYS = 400, 40, 365
#: Money of an average day of a creator at the end of the year; it began at less than half of it.
PAYMENTS_A_DAY = 2.4
#: More is paid when a week ends: Monday first.
WEEKDAYS = (0.8, 0.75, 0.85, 0.95, 1.3, 1.35, 1.1)
#: Prices and tips in minor units of the US dollar, as often as they stand here.
PRICES = (500, 500, 700, 900, 900, 1200, 1200, 1500, 2000, 2500)
TIPS = (300, 500, 500, 500, 1000, 1000, 2000, 5000)


@dataclass(frozen=True, slots=True)
class PlannedFan:
    name: str
    handle: str
    first_seen_at: datetime
    can_receive: bool


@dataclass(frozen=True, slots=True)
class PlannedLine:
    """Something said in a conversation."""

    fan: int
    is_out: bool
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PlannedPayment:
    """Money of a fan: with a `text` for an offer that was sent at `sent_at` and bought, without one a tip."""

    fan: int
    minor: int
    at: datetime
    text: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class PlannedCreator:
    stage_name: str
    handle: str
    language: str
    timezone: str
    trouble: str
    fans: tuple[PlannedFan, ...]
    lines: tuple[PlannedLine, ...]
    payments: tuple[PlannedPayment, ...]

    @property
    def gross(self) -> Decimal:
        return Decimal(sum(payment.minor for payment in self.payments)).scaleb(-2)


def world(seed: int, now: datetime) -> tuple[PlannedCreator, ...]:
    """Nothing in it lies after `now`, and nothing more than a year and a month before it."""
    made = []
    for place, (stage_name, handle, language, zone, trouble) in enumerate(words.CREATORS):
        draw = random.Random(f"{seed}:{place}")  # noqa: S311 (invented people, no secret)
        fans = tuple(_fan(draw, number, now) for number in range(FANS))
        lines = tuple(_lines(draw, language, now))
        payments = tuple(_payments(draw, language, fans, now))
        fans = _seen_before(fans, lines, payments)
        made.append(PlannedCreator(stage_name, handle, language, zone, trouble, fans, lines, payments))
    return tuple(made)


def _fan(draw: random.Random, number: int, now: datetime) -> PlannedFan:
    first = draw.choice(words.FIRST)
    name = first if draw.random() < 0.55 else f"{first} {draw.choice(words.LAST)}."
    handle = f"{draw.choice(words.WORDS)}_{draw.choice(words.WORDS)}{number}"
    since = now - timedelta(days=DAYS * (1 - draw.random() ** 1.4), minutes=draw.randrange(1440))
    return PlannedFan(name, handle, since, draw.random() > 0.03)


def _seen_before(
    fans: tuple[PlannedFan, ...], lines: tuple[PlannedLine, ...], payments: tuple[PlannedPayment, ...]
) -> tuple[PlannedFan, ...]:
    """Nobody spoke or paid before they were known."""
    first: dict[int, datetime] = {}
    for fan, at in [*((one.fan, one.at) for one in lines), *((one.fan, one.sent_at) for one in payments)]:
        first[fan] = min(at, first.get(fan, at))
    return tuple(
        replace(fan, first_seen_at=min(fan.first_seen_at, first.get(number, fan.first_seen_at)))
        for number, fan in enumerate(fans)
    )


def _lines(draw: random.Random, language: str, now: datetime) -> Iterator[PlannedLine]:
    """The newest conversations end minutes ago, the oldest three weeks ago; one in four waits for an answer."""
    for talk in range(TALKS):
        said = list(draw.choice(words.TALKS[language]))
        if draw.random() < 0.25 and said[-1].startswith(">"):
            said.pop()
        at = now - timedelta(minutes=4 + talk * talk * 18 + draw.randrange(9))
        spoken = []
        for line in reversed(said):
            spoken.append(PlannedLine(talk, line[0] == ">", line[1:], at))
            at -= timedelta(minutes=draw.randrange(1, 40), seconds=draw.randrange(60))
        yield from reversed(spoken)


def _payments(
    draw: random.Random, language: str, fans: tuple[PlannedFan, ...], now: datetime
) -> Iterator[PlannedPayment]:
    for ago in range(DAYS, -1, -1):
        day = now - timedelta(days=ago)
        growth = 0.45 + 0.55 * (DAYS - ago) / DAYS
        expected = PAYMENTS_A_DAY * growth * WEEKDAYS[day.weekday()]
        count = int(expected) + (draw.random() < expected % 1)
        for _ in range(count):
            at = day - timedelta(minutes=draw.randrange(1, 1440))
            fan = int(len(fans) * draw.random() ** 2.6)  # few fans pay most of it
            if draw.random() < 0.62:
                sent_at = at - timedelta(minutes=draw.randrange(2, 2000))
                yield PlannedPayment(
                    fan, draw.choice(PRICES), at, draw.choice(words.OFFERS[language]), sent_at
                )
            else:
                yield PlannedPayment(fan, draw.choice(TIPS), at, "", at)
