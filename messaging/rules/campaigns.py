"""How campaigns move, who must approve them, and the fingerprint that an approval is bound to."""

import hashlib
import json
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from huntaze.kernel import zones
from messaging.types import CampaignState

S = CampaignState
#: Above this many recipients, or above this price, somebody else than the last editor must approve.
ALONE_MOST, ALONE_PRICE = 50, Decimal(100)
EDITABLE = frozenset({S.DRAFT, S.AWAITING_APPROVAL, S.SCHEDULED})
#: From which states each deed is possible.
DEEDS: dict[str, frozenset[CampaignState]] = {
    "plan": frozenset({S.DRAFT, S.AWAITING_APPROVAL}),
    "approve": frozenset({S.AWAITING_APPROVAL}),
    "launch": frozenset({S.AWAITING_APPROVAL}),
    "pause": frozenset({S.RUNNING}),
    "resume": frozenset({S.PAUSED}),
    "cancel": frozenset({S.DRAFT, S.AWAITING_APPROVAL, S.SCHEDULED, S.PLANNING, S.RUNNING, S.PAUSED}),
    "unsend": frozenset({S.PAUSED, S.DONE, S.CANCELLED, S.FAILED}),
    "retry": frozenset({S.RUNNING, S.PAUSED, S.DONE}),
    "delete": frozenset({S.DRAFT, S.AWAITING_APPROVAL}),
    "copy": frozenset(S),
}
#: States that have an account's turn: one campaign each.
HAS_TURN = (S.PLANNING, S.RUNNING)

NORMAL, REENGAGEMENT = 7, 9
#: Characters of a name.
MOST_NAME = 80


#: A campaign pauses by itself at this share of failures among its finished messages. Fans who are gone are a few in a
#: thousand; a share of one in twenty is a wrong list, refused media or a restricted account, and goes on like that.
STOP_SHARE = 0.05
#: Fewer failures than this say nothing about a share.
STOP_LEAST = 10
MANY_FAILURES = "many_failures"
#: Why a campaign that should go on does not: there are no credits for its rows, or the subscription is unpaid.
NO_CREDITS, UNPAID = "credits", "billing"


def has_too_many_failures(*, failed: int, sent: int) -> bool:
    """Whether so many of the finished messages failed that the others had better wait for a person."""
    return failed >= STOP_LEAST and failed >= STOP_SHARE * (failed + sent)


def sent_that_would_clear(failed: int) -> int:
    """With so many sent beside the failed ones, the share is low enough: no need to count further."""
    return int(failed / STOP_SHARE) + 1


def may(deed: str, state: str) -> bool:
    return CampaignState(state) in DEEDS[deed]


def needs_second_person(*, recipients: int, price: Decimal) -> bool:
    """Whether one pair of eyes is too few."""
    return recipients > ALONE_MOST or price > ALONE_PRICE


def fingerprint(definition: dict[str, Any]) -> str:
    """`sha256:…` over everything that an approver agrees to; key order does not matter."""
    text = json.dumps(definition, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def zone(name: str) -> ZoneInfo | None:
    """A time zone by its IANA name; None when there is no such zone."""
    if name not in zones.names():
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None


def moment_in(local: datetime, place: ZoneInfo) -> datetime | None:
    """The instant of a wall clock time; the earlier one when it comes twice, None when the clock skips it."""
    aware = local.replace(tzinfo=place)
    utc = aware.astimezone(ZoneInfo("UTC"))
    return utc if utc.astimezone(place).replace(tzinfo=None) == local else None
