"""The state of some accounts' queues as the page shows it, read for all of them at once."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from accounts.models import PlatformAccount
from accounts.types import AccountState
from billing.selectors.standing import grace_until
from huntaze.kernel.limiter import Limit, Outlook
from messaging.selectors.holds import hold_of_accounts
from messaging.selectors.queue_page import Counts, counts
from messaging.services import circuits, limits

#: A slot that comes free sooner than this is free, as far as a person is concerned.
SOON_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One account. `used` is None while Redis can't be asked: then nothing is sent either. `is_troubled`: its
    messages kept failing, so they wait for a trial to get through.

    `outlook` is left out of the line's text, so that a line changes only when what it shows does.
    """

    account_id: str
    handle: str
    creator: str
    state: AccountState
    reason: str
    is_paused: bool
    is_troubled: bool
    counts: Counts
    used: int | None
    limit: int
    window: int
    next_slot_at: datetime | None
    outlook: Outlook | None = field(repr=False)

    @property
    def needs_help(self) -> bool:
        return self.state != AccountState.CONNECTED


@dataclass(frozen=True, slots=True)
class Board:
    """`hold` says why nothing leaves although accounts could send; see `selectors.holds`. `grace_ends_at` is when that
    will be so, of a subscription that is overdue. `again` is in how many seconds the lines will look different though
    nothing happens: a slot comes free."""

    lines: tuple[AccountLine, ...]
    total: Counts
    is_limiter_known: bool
    hold: str
    grace_ends_at: datetime | None
    again: int | None = field(repr=False)


def board(accounts: Sequence[PlatformAccount], now: datetime) -> Board:
    """One line for each account, and their sums."""
    found = counts([account.pk for account in accounts])
    limit = limits.limit()
    outlooks = limits.outlooks(list(found))
    troubled = circuits.troubled([account.pk for account in accounts])
    lines = [
        _line(
            account, found[account.pk], outlooks[account.pk], limit, now, is_troubled=account.pk in troubled
        )
        for account in accounts
    ]
    total = Counts(*(sum(getattr(line.counts, name) for line in lines) for name in Counts.__slots__))
    known = [outlook for outlook in outlooks.values() if outlook is not None]
    releases = [outlook.releases[0] for outlook in known if outlook.releases]
    again = max(1, math.ceil(min(releases))) if releases else None
    is_known = len(known) == len(outlooks)
    grace = grace_until(accounts[0].workspace_id, now) if accounts else None
    return Board(tuple(lines), total, is_known, hold_of_accounts(list(found)), grace, again)


def _line(
    account: PlatformAccount,
    figures: Counts,
    outlook: Outlook | None,
    limit: Limit,
    now: datetime,
    *,
    is_troubled: bool,
) -> AccountLine:
    return AccountLine(
        account_id=account.public_id,
        handle=str(account),
        creator=account.creator.stage_name,
        state=AccountState(account.state),
        reason=account.state_reason,
        is_paused=account.is_sending_paused,
        is_troubled=is_troubled,
        counts=figures,
        used=min(len(outlook.releases), limit.count) if outlook else None,
        limit=limit.count,
        window=round(limit.window),
        next_slot_at=_next_slot(outlook, limit, now) if outlook else None,
        outlook=outlook,
    )


def _next_slot(outlook: Outlook, limit: Limit, now: datetime) -> datetime | None:
    """When the next slot comes free; None when there is one now."""
    surplus = len(outlook.releases) - limit.count
    wait = outlook.releases[surplus] if surplus >= 0 else 0.0
    wait = max(wait, outlook.held_for)
    return (now + timedelta(seconds=wait)).replace(microsecond=0) if wait > SOON_SECONDS else None
