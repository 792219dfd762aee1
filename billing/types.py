"""Values that cross the doors of billing: what can be spent, what is asked, and the answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Unit(StrEnum):
    """What the ledger counts, in whole numbers.

    `message`: one accepted send to one recipient. `ai_generation`: one delivered item. `ai_usd`: 10⁻¹⁰ USD, so that
    the ledger equals the sum of the providers' costs exactly.
    """

    MESSAGE = "message"
    AI_GENERATION = "ai_generation"
    AI_USD = "ai_usd"


#: `Unit.AI_USD` in one dollar.
AI_USD_PER_DOLLAR = 10_000_000_000


class AccountKind(StrEnum):
    """The accounts of a workspace and unit; their balances sum to 0. Issued and debt are never above 0, the others
    never below."""

    ISSUED = "issued"
    AVAILABLE = "available"
    RESERVED = "reserved"
    CONSUMED = "consumed"
    EXPIRED = "expired"
    REFUNDED = "refunded"
    DEBT = "debt"


class TransactionKind(StrEnum):
    GRANT = "grant"
    RESERVE = "reserve"
    SETTLE = "settle"
    RELEASE = "release"
    EXPIRE = "expire"
    REFUND = "refund"
    RESTORE = "restore"


class GrantSource(StrEnum):
    PLAN = "plan"
    PROMO = "promo"
    PACK = "pack"
    MANUAL = "manual"


class Interval(StrEnum):
    MONTH = "month"
    YEAR = "year"


class Period(StrEnum):
    """Over which time a limit counts."""

    NONE = "none"
    MONTH = "month"
    MINUTE = "minute"


class FeatureKind(StrEnum):
    """How a feature is measured: a flag is on or off, a window is a number to read, a stock is what exists now, a
    ledger unit is reserved and settled, a counter is counted in Redis."""

    FLAG = "flag"
    WINDOW = "window"
    STOCK = "stock"
    LEDGER = "ledger"
    COUNTER = "counter"


class Feature(StrEnum):
    """What a plan limits. `ai_budget` is in `Unit.AI_USD`, `storage_bytes` in bytes, the window in days.

    `scheduling` is about publishing content later than now. A message may be planned on every plan: `scheduledAt` is
    part of what API clients were promised.
    """

    MESSAGES = "messages"
    AI_GENERATIONS = "ai_generations"
    AI_BUDGET = "ai_budget"
    CREATORS = "creators"
    SEATS = "seats"
    PLATFORM_ACCOUNTS = "platform_accounts"
    STORAGE_BYTES = "storage_bytes"
    ASSETS = "assets"
    CONTENT_CAMPAIGNS = "content_campaigns"
    API_CALLS = "api_calls"
    DECISION_API = "decision_api"
    OUTGOING_WEBHOOKS = "outgoing_webhooks"
    PRIORITY_SUPPORT = "priority_support"
    PREMIUM_TEMPLATES = "premium_templates"
    SCHEDULING = "scheduling"
    EXPERIMENTS = "experiments"
    ANALYTICS_HISTORY_DAYS = "analytics_history_days"


class Access(StrEnum):
    """What a subscription's state lets a workspace do. Free is everything within Free's limits."""

    FULL = "full"
    READ_ONLY = "read_only"
    FREE = "free"


class SubscriptionStatus(StrEnum):
    """The processor's words for a subscription; a word that is not here is kept and changes no access."""

    ACTIVE = "active"
    TRIALING = "trialing"
    PAST_DUE = "past_due"
    UNPAID = "unpaid"
    PAUSED = "paused"
    CANCELED = "canceled"
    INCOMPLETE = "incomplete"
    INCOMPLETE_EXPIRED = "incomplete_expired"


@dataclass(frozen=True, slots=True)
class Subscription:
    """What entitlements need to know of a subscription; `plan` is the bought one's key."""

    plan: str
    status: str
    period_start: datetime
    period_end: datetime
    past_due_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """Another limit for one workspace; `value` null is unlimited, `until` null is for good."""

    value: int | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a workspace stands at a moment: the plan in force, what it lets do, and the period that counts.

    `is_renewing`: allowances are given when the period rolls. `limits` are the plan's and the workspace's own; null is
    unlimited.
    """

    plan: str
    access: Access
    period_start: datetime
    period_end: datetime
    is_renewing: bool
    limits: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a workspace may do something now. Null: no limit, or none that counts.

    `reason` is empty, or one of limit, plan, read_only.
    """

    allowed: bool
    limit: int | None
    used: int | None
    remaining: int | None
    resets_at: datetime | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Ref:
    """What credits are spent on, by kind and id."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class Purse:
    """What a grant holds, in the order in which grants are spent."""

    grant: int
    source: str
    amount: int
    remaining: int
    reserved: int
    period_start: datetime | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Part:
    """So much of one grant."""

    grant: int
    amount: int


@dataclass(frozen=True, slots=True)
class Balance:
    """A workspace's credits of a unit. `available` may be spent now; `frozen` belongs to a dispute."""

    available: int
    reserved: int
    frozen: int
    debt: int


# what the payment processor holds, as it is now; money in minor units, times in UTC ----------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """Any object of the processor. `raw` is its own JSON, for the mirror only."""

    id: str
    customer_id: str = ""
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteCard:
    brand: str
    last4: str
    exp_month: int
    exp_year: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteCustomer(Remote):
    workspace: str
    is_deleted: bool
    card: RemoteCard | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteSubscription(Remote):
    """`failed_since` is when the invoice that is still unpaid was made; None when the last one is paid."""

    workspace: str
    status: str
    lookup_key: str
    interval: str
    currency: str
    amount_minor: int
    quantity: int
    period_start: datetime
    period_end: datetime
    created_at: datetime
    cancel_at_period_end: bool
    canceled_at: datetime | None
    trial_end: datetime | None
    item_id: str
    schedule_id: str
    failed_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteInvoice(Remote):
    """`lookup_key` and the period are those of the line that pays for a subscription's time to come; empty and None
    when there is none."""

    subscription_id: str
    number: str
    status: str
    total: int
    amount_due: int
    currency: str
    url: str
    pdf: str
    created_at: datetime
    price_id: str
    period_start: datetime | None
    period_end: datetime | None
    lines: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteSession(Remote):
    workspace: str
    intent: str
    url: str
    mode: str
    status: str
    payment_status: str
    payment_intent_id: str
    subscription_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteCharge(Remote):
    payment_intent_id: str
    amount: int
    amount_refunded: int
    currency: str
    is_disputed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteRefund(Remote):
    charge_id: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteDispute(Remote):
    charge_id: str
    payment_intent_id: str
    status: str
    amount: int
    due_by: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteSchedule(Remote):
    """A change at the period's end; `plan` and `interval` are what we noted on it."""

    plan: str
    interval: str
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemotePrice(Remote):
    product_id: str
    lookup_key: str
    currency: str
    amount_minor: int
    interval: str
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RemotePage(Remote):
    """A page of the processor's, to send a person to."""

    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteEvent(Remote):
    type: str
    api_version: str
    livemode: bool
    created_at: datetime
    object_type: str
    object_id: str
