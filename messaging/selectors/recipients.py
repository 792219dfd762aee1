"""Finding the fan a message is for: by what a person types, or among those seen last."""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import PlatformAccount
from messaging.errors import UnknownFan
from messaging.models import Conversation, Fan
from messaging.selectors.deliveries import fan_of

MOST_RECENT = 12


@dataclass(frozen=True, slots=True)
class Candidate:
    """A fan as the picker shows them; `value` is what the form sends."""

    fan_id: str
    value: str
    name: str
    handle: str
    can_receive: bool
    last_active_at: datetime | None


def recipient(account: PlatformAccount, term: str, digest: bytes) -> Fan:
    """The fan behind an exact handle (`digest` is its keyed digest), the platform's id, or a `fan_…` id.

    Raises UnknownFan, also for the fans of other accounts.
    """
    if term.startswith("fan_"):
        return fan_of(None, term, account)
    by_handle = Fan.objects.filter(account=account, handle_digest=digest).order_by("-pk").first()
    if by_handle is not None:
        return by_handle
    if not term.isdecimal():
        raise UnknownFan
    return fan_of(None, term, account)


def recent(account: PlatformAccount) -> tuple[Candidate, ...]:
    """The fans of an account who were active last, then those last seen in a conversation."""
    fans = Fan.objects.filter(account=account, can_receive=True)
    found = list(fans.filter(last_active_at__isnull=False).order_by("-last_active_at")[:MOST_RECENT])
    if len(found) < MOST_RECENT:
        rows = Conversation.objects.filter(account=account, fan__can_receive=True).select_related("fan")
        rows = rows.exclude(fan__in=found).order_by("-pk")
        found += [row.fan for row in rows[: MOST_RECENT - len(found)]]
    return tuple(candidate(fan) for fan in found)


def candidate(fan: Fan) -> Candidate:
    handle = fan.handle.reveal() if fan.handle else ""
    return Candidate(
        fan_id=fan.public_id,
        value=f"@{handle}" if handle else fan.platform_user_id,
        name=fan.name.reveal() if fan.name else "",
        handle=handle,
        can_receive=fan.can_receive,
        last_active_at=fan.last_active_at,
    )
