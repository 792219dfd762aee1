"""The dashboard: what needs somebody, what is going out, what went wrong lately. Twelve queries at most.

Every figure is counted from rows that a page shows, within the caller's reach.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from accounts.models import Connection, PlatformAccount
from accounts.selectors.connections import accounts_within, open_connections
from accounts.selectors.creator_switch import CreatorSwitch, creator_switch
from accounts.types import AccountState, ConnectionState, Platform
from billing.selectors.billing_page import grace_of
from billing.selectors.standing import standing
from billing.selectors.subscriptions import record_of
from billing.types import Access
from huntaze.kernel.api.principal import Principal
from huntaze.kernel.limiter import Lane
from messaging.models import Campaign
from messaging.rules import estimates
from messaging.selectors import dashboard as reads
from messaging.selectors.dashboard import Paid, Wrong
from messaging.services import limits
from messaging.services.board import AccountLine, Board, board
from messaging.services.campaigns.launch import expected_end
from messaging.services.campaigns.pace import promise
from messaging.services.send import UNKNOWN
from messaging.types import CampaignState, DeliveryState

_ASKING = (ConnectionState.NEEDS_CODE, ConnectionState.NEEDS_FACE, ConnectionState.CHOOSING)
#: In the order in which they are shown.
_ORDER = (
    CampaignState.RUNNING,
    CampaignState.PLANNING,
    CampaignState.UNSENDING,
    CampaignState.PAUSED,
    CampaignState.SCHEDULED,
    CampaignState.AWAITING_APPROVAL,
    CampaignState.FAILED,
    CampaignState.DRAFT,
)
#: What needs somebody, the worst first.
_TONES = {
    "stopped": "danger",
    "read_only": "danger",
    "unpaid": "warn",
    "reconnect": "danger",
    "asking": "warn",
    "failed": "danger",
    "uncertain": "warn",
    "troubled": "warn",
    "paused": "warn",
    "campaign_failed": "danger",
    "campaign_paused": "warn",
    "approve": "info",
    "drafts": "info",
}


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that needs somebody. `kind` has its words and its page at the door; `account_id` where all of it is
    one account's, `until` where it has an end."""

    kind: str
    tone: str
    count: int
    account_id: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Going:
    """One account's queue; `empty_at` is when its last waiting message leaves, to the minute, None while nothing
    moves."""

    line: AccountLine
    empty_at: datetime | None


@dataclass(frozen=True, slots=True)
class Live:
    """A campaign, counted from its rows. `planned` is what was planned while it has none."""

    id: str
    name: str
    account: str
    state: CampaignState
    planned: int
    sent: int
    failed: int
    left: int
    starts_at: datetime | None
    ends_at: datetime | None

    @property
    def is_under_way(self) -> bool:
        return bool(self.planned) and self.state not in {CampaignState.DRAFT, CampaignState.AWAITING_APPROVAL}


@dataclass(frozen=True, slots=True)
class Dashboard:
    """`is_new`: there is no account to speak of yet."""

    alerts: tuple[Alert, ...]
    board: Board
    going: tuple[Going, ...]
    campaigns: tuple[Live, ...]
    campaign_count: int
    wrong: Wrong
    paid: tuple[Paid, ...]
    creators: CreatorSwitch
    is_new: bool


def dashboard(principal: Principal, now: datetime, creator_id: str | None = None) -> Dashboard:
    """Of the caller's workspace, cut to the creators whom they reach, and to one of them. Never inside a transaction:
    Redis is asked. Raises NotFound for a creator without an account in reach."""
    accounts = [
        row for row in accounts_within(principal.creator_ids) if row.state != AccountState.DISCONNECTED
    ]
    creators = creator_switch((row.creator for row in accounts), creator_id)
    if creators.chosen:
        accounts = [row for row in accounts if row.creator.public_id == creators.chosen.id]
    sending = [row for row in accounts if row.platform == Platform.ONLYFANS]
    pks = [row.pk for row in sending]
    shown, campaigns = board(sending, now), reads.campaigns_now(pks, now)
    wrong = reads.wrong_lately(pks, now)
    attempts = [
        row
        for row in open_connections(principal.creator_ids)
        if creators.chosen is None or row.creator.public_id == creators.chosen.id
    ]
    facts = _counted(accounts, attempts, shown, campaigns, wrong)
    facts |= _billing(principal.workspace_pk, now) if principal.can("billing.view") else {}
    return Dashboard(
        alerts=tuple(facts[kind] for kind in _TONES if kind in facts),
        board=shown,
        going=tuple(Going(line, _empty_at(line, now)) for line in shown.lines),
        campaigns=tuple(_live(campaigns, shown, now)),
        campaign_count=len(campaigns),
        wrong=wrong,
        paid=tuple(reads.paid(pks, now)),
        creators=creators,
        is_new=not accounts,
    )


def _counted(
    accounts: list[PlatformAccount],
    attempts: list[Connection],
    shown: Board,
    campaigns: list[Campaign],
    wrong: Wrong,
) -> dict[str, Alert]:
    lines = {
        "reconnect": [row.public_id for row in accounts if row.state != AccountState.CONNECTED],
        "paused": [line.account_id for line in shown.lines if line.is_paused],
        "troubled": [line.account_id for line in shown.lines if line.is_troubled],
    }
    states = [row.state for row in campaigns]
    counts = {
        "stopped": int(wrong.is_stopped),
        "asking": sum(row.state in _ASKING for row in attempts),
        "failed": shown.total.failed,
        "uncertain": shown.total.uncertain,
        "campaign_failed": states.count(CampaignState.FAILED),
        "campaign_paused": states.count(CampaignState.PAUSED),
        "approve": states.count(CampaignState.AWAITING_APPROVAL),
        "drafts": states.count(CampaignState.DRAFT),
    }
    found = {kind: Alert(kind, _TONES[kind], count) for kind, count in counts.items() if count}
    for kind, ids in lines.items():
        if ids:
            only = ids[0] if len(ids) == 1 else ""
            found[kind] = Alert(kind, _TONES[kind], len(ids), account_id=only)
    return found


def _billing(workspace_pk: int, now: datetime) -> dict[str, Alert]:
    if standing(workspace_pk, now).access is Access.READ_ONLY:
        return {"read_only": Alert("read_only", _TONES["read_only"], 1)}
    until = grace_of(record_of(workspace_pk))
    return {"unpaid": Alert("unpaid", _TONES["unpaid"], 1, until=until)} if until else {}


def _empty_at(line: AccountLine, now: datetime) -> datetime | None:
    """To the minute: it moves with every message, and a page that changed each second would be read by nobody."""
    if not line.counts.queued or line.needs_help or line.is_paused or line.outlook is None:
        return None
    wait = estimates.wait_seconds(
        limit=limits.limit(), outlook=line.outlook, lane=Lane.INTERACTIVE, before=line.counts.queued - 1
    )
    return _minute(now + timedelta(seconds=wait))


def _minute(moment: datetime) -> datetime:
    return (moment + timedelta(seconds=59)).replace(second=0, microsecond=0)


def _live(campaigns: list[Campaign], shown: Board, now: datetime) -> list[Live]:
    rows = sorted(campaigns, key=lambda row: _ORDER.index(CampaignState(row.state)))[: reads.MOST_SHOWN]
    counts = reads.states_of([row.pk for row in rows])
    lines = {line.account_id: line for line in shown.lines}
    return [_one(row, counts.get(row.pk, {}), lines.get(row.account.public_id), now) for row in rows]


def _one(campaign: Campaign, counts: Any, line: AccountLine | None, now: datetime) -> Live:
    state = CampaignState(campaign.state)
    planned = sum(counts.values()) or int((campaign.plan or {}).get("planned", 0))
    left = sum(counts.get(one, 0) for one in reads.LEFT)
    ends_at = expected_end(campaign, planned) if state is CampaignState.SCHEDULED else None
    if (
        state is CampaignState.RUNNING
        and left
        and line is not None
        and not (line.needs_help or line.is_paused)
    ):
        others = max(0, line.counts.queued - counts.get(DeliveryState.QUEUED, 0))
        ends_at = _minute(promise(campaign, line.outlook or UNKNOWN, left, now, others=others))
    return Live(
        id=campaign.public_id,
        name=campaign.name,
        account=str(campaign.account),
        state=state,
        planned=planned,
        sent=counts.get(DeliveryState.SENT, 0),
        failed=counts.get(DeliveryState.FAILED, 0) + counts.get(DeliveryState.UNCERTAIN, 0),
        left=left,
        starts_at=campaign.launch_at if state is CampaignState.SCHEDULED else None,
        ends_at=ends_at,
    )
