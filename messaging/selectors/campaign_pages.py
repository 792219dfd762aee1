"""What the pages of campaigns show: the list with what came of each, what may be done with one, who can be meant."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from accounts.models import PlatformAccount
from huntaze.kernel.money import Money
from messaging.models import Campaign, Delivery, FanList, Segment
from messaging.rules.campaigns import DEEDS, may
from messaging.types import CampaignState, DeliveryState

PAGE = 25
MOST_AUDIENCES = 200
#: The lists of the page: which states each holds.
SHOWS: dict[str, tuple[CampaignState, ...]] = {
    "open": (
        CampaignState.DRAFT, CampaignState.AWAITING_APPROVAL, CampaignState.SCHEDULED, CampaignState.PLANNING,
        CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.UNSENDING,
    ),
    "over": (CampaignState.DONE, CampaignState.CANCELLED, CampaignState.FAILED, CampaignState.UNSENT),
}  # fmt: skip
_LEFT = (DeliveryState.SENT, DeliveryState.UNCERTAIN, DeliveryState.UNSENT)


@dataclass(frozen=True, slots=True)
class CampaignLine:
    """One campaign in the list. `revenue` is what its paid messages were bought for."""

    id: str
    name: str
    account: str
    state: CampaignState
    price: Money | None
    at: datetime
    total: int
    sent: int
    bought: int
    revenue: Money | None

    @property
    def share(self) -> int:
        """Hundredths of its messages that have left."""
        return 100 * self.sent // self.total if self.total else 0


@dataclass(frozen=True, slots=True)
class CampaignList:
    rows: list[CampaignLine]
    next_after: str


def campaign_list(
    accounts: Sequence[PlatformAccount],
    show: str,
    after: str,
    state: CampaignState | None = None,
    since: datetime | None = None,
) -> CampaignList:
    """Newest first, a page at a time, of one state, or ended since then; a cursor that isn't one of ours is the first
    page."""
    states = [state] if state else SHOWS[show]
    rows = Campaign.objects.filter(account__in=accounts, state__in=states).select_related("account__creator")
    if since is not None:
        rows = rows.filter(ended_at__gte=since)
    if after.isascii() and after.isdecimal() and len(after) < 19:
        rows = rows.filter(pk__lt=int(after))
    found = list(rows.order_by("-pk")[: PAGE + 1])
    shown = found[:PAGE]
    figures = _outcomes(shown)
    lines = [_line(row, *figures.get(row.pk, (0, 0, 0))) for row in shown]
    return CampaignList(lines, str(shown[-1].pk) if len(found) > PAGE else "")


def _outcomes(rows: Sequence[Campaign]) -> dict[int, tuple[int, int, int]]:
    """Messages, those that have left, and those bought, of each campaign."""
    found = (
        Delivery.objects.filter(campaign__in=rows)
        .order_by()
        .values("campaign")
        .annotate(
            total=Count("pk"),
            left=Count("pk", filter=Q(state__in=_LEFT)),
            bought=Count("pk", filter=Q(message__purchased_at__isnull=False)),
        )
    )
    return {row["campaign"]: (row["total"], row["left"], row["bought"]) for row in found}


def _line(row: Campaign, total: int, sent: int, bought: int) -> CampaignLine:
    price = Money(row.price_minor, row.currency) if row.price_minor else None
    return CampaignLine(
        id=row.public_id,
        name=row.name,
        account=str(row.account),
        state=CampaignState(row.state),
        price=price,
        at=row.ended_at or row.started_at or row.launch_at or row.edited_at,
        total=total or int((row.plan or {}).get("planned", 0)),
        sent=sent,
        bought=bought,
        revenue=Money(row.price_minor * bought, row.currency) if price else None,
    )


def deeds_of(campaign: Campaign) -> frozenset[str]:
    """What its state allows to be done with it."""
    return frozenset(deed for deed in DEEDS if may(deed, campaign.state))


def audiences_of(account: PlatformAccount) -> list[tuple[str, str, str]]:
    """An account's segments and lists as (kind, public id, name), by name; at most 200 of each."""
    found: list[tuple[str, str, str]] = []
    for kind, rows in (("segment", Segment.objects), ("list", FanList.objects)):
        here = rows.filter(account=account).order_by("name", "pk")[:MOST_AUDIENCES]
        found += [(kind, row.public_id, row.name) for row in here]
    return found
