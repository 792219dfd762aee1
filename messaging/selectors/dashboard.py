"""What the dashboard reads: campaigns that matter now, what went wrong lately, and what fans paid.

Everything is read for a list of accounts that was found within the caller's reach, and every list is bounded.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, Sum

from huntaze.kernel import ids, sql
from huntaze.kernel.lookup import one
from huntaze.kernel.money import Money
from messaging.models import Campaign, Delivery, FanSignal
from messaging.selectors.desk import SET_ASIDE
from messaging.selectors.queue_page import Row, row_of
from messaging.types import CampaignState, DeliveryState, SignalKind

#: Campaigns looked at, shown, and rows of the list of what went wrong.
MOST_CAMPAIGNS, MOST_SHOWN, MOST_WRONG = 100, 10, 6
#: A campaign that failed is shown for this long.
FAILED_LATELY = timedelta(days=7)
#: Days of the two periods in which payments are summed.
PERIODS = (7, 30)
PAYMENTS_PAGE = 50

_NOW = Q(
    state__in=[
        CampaignState.DRAFT,
        CampaignState.AWAITING_APPROVAL,
        CampaignState.SCHEDULED,
        CampaignState.PLANNING,
        CampaignState.RUNNING,
        CampaignState.PAUSED,
        CampaignState.UNSENDING,
    ]
)

_STOPPED = "SELECT s.is_stopped FROM messaging_sendswitch s ORDER BY s.id DESC LIMIT 1"
_WRONG = f"SELECT ({_STOPPED}), ARRAY({SET_ASIDE})"


@dataclass(frozen=True, slots=True)
class Wrong:
    """The newest messages that failed or whose fate nobody knows, and whether all sending is stopped."""

    is_stopped: bool
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Paid:
    """What fans paid of one kind in one currency, as the platform's messages told us.

    `unread` payments came without an amount that we could read; they are counted and not summed.
    """

    kind: SignalKind
    days: int
    count: int
    unread: int
    total: Money


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment of a fan; `amount` is None where the platform did not say it readably."""

    id: str
    kind: SignalKind
    fan: str
    account: str
    amount: Money | None
    at: datetime


def campaigns_now(account_pks: Sequence[int], now: datetime) -> list[Campaign]:
    """Campaigns that wait, run or failed lately, newest first; without their texts."""
    failed = Q(state=CampaignState.FAILED, ended_at__gte=now - FAILED_LATELY)
    rows = Campaign.objects.filter(_NOW | failed, account_id__in=account_pks).defer("text")
    return list(rows.select_related("account").order_by("-pk")[:MOST_CAMPAIGNS])


def states_of(campaign_pks: Sequence[int]) -> dict[int, Counter[str]]:
    """Rows of each campaign by state, in one query over the index of campaigns' rows."""
    found: dict[int, Counter[str]] = defaultdict(Counter)
    rows = Delivery.objects.filter(campaign_id__in=campaign_pks).order_by().values("campaign_id", "state")
    for row in rows.annotate(count=Count("pk")) if campaign_pks else ():
        found[row["campaign_id"]][row["state"]] = row["count"]
    return found


def wrong_lately(account_pks: Sequence[int], now: datetime) -> Wrong:
    found = sql.row(_WRONG, {"accounts": list(account_pks), "most": MOST_WRONG})
    assert found is not None
    is_stopped, pks = found
    rows: dict[int, Any] = (
        {row.pk: row for row in Delivery.objects.filter(pk__in=pks).with_everything()} if pks else {}
    )
    shown = sorted(
        (row_of(row, now) for row in rows.values()), key=lambda row: row.really_at or now, reverse=True
    )
    return Wrong(bool(is_stopped), tuple(shown))


def paid(account_pks: Sequence[int], now: datetime) -> list[Paid]:
    """Payments of the last 7 and 30 days by kind and currency; nothing where there are none."""
    longest = max(PERIODS)
    rows = FanSignal.objects.filter(
        account_id__in=account_pks, occurred_at__gte=now - timedelta(days=longest)
    )
    sums: dict[str, Any] = {}
    for days in PERIODS:
        inside = Q(occurred_at__gte=now - timedelta(days=days))
        sums[f"count_{days}"] = Count("pk", filter=inside)
        sums[f"unread_{days}"] = Count("pk", filter=inside & Q(amount_minor=None))
        sums[f"total_{days}"] = Sum("amount_minor", filter=inside)
    found: Any = rows.order_by().values("kind", "currency").annotate(**sums)
    return [
        Paid(
            SignalKind(row["kind"]),
            days,
            row[f"count_{days}"],
            row[f"unread_{days}"],
            Money(row[f"total_{days}"] or 0, row["currency"]),
        )
        for row in sorted(found, key=lambda row: (row["kind"], row["currency"]))
        for days in PERIODS
        if row[f"count_{days}"]
    ]


def payments(
    account_pks: Sequence[int], *, kind: SignalKind | None, currency: str, since: datetime, after: str
) -> tuple[list[Payment], str]:
    """One page of the payments behind a sum, newest first, and the cursor of the next page (empty at the end)."""
    rows = FanSignal.objects.filter(account_id__in=account_pks, occurred_at__gte=since)
    if kind is not None:
        rows = rows.filter(kind=kind)
    if currency:
        rows = rows.filter(currency=currency)
    last = _signal(account_pks, after)
    if last is not None:
        rows = rows.filter(
            Q(occurred_at__lt=last.occurred_at) | Q(occurred_at=last.occurred_at, pk__lt=last.pk)
        )
    rows = rows.select_related("account", "conversation__fan").order_by("-occurred_at", "-pk")
    found = list(rows[: PAYMENTS_PAGE + 1])
    shown = found[:PAYMENTS_PAGE]
    return [_payment(row) for row in shown], shown[-1].public_id if len(found) > PAYMENTS_PAGE else ""


def _signal(account_pks: Sequence[int], public_id: str) -> FanSignal | None:
    uid = ids.decode(FanSignal.PREFIX, public_id)
    return one(FanSignal.objects.filter(account_id__in=account_pks, uid=uid)) if uid else None


def _payment(row: FanSignal) -> Payment:
    fan = row.conversation.fan
    name = fan.name.reveal() if fan.name else ""
    amount = None if row.amount_minor is None else Money(row.amount_minor, row.currency)
    kind = SignalKind(row.kind)
    return Payment(
        row.public_id, kind, name or fan.platform_user_id, str(row.account), amount, row.occurred_at
    )


#: States in which a campaign's message still has to leave.
LEFT = (DeliveryState.HELD, DeliveryState.SCHEDULED, DeliveryState.QUEUED, DeliveryState.SENDING)
