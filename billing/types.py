"""Values that cross the doors of billing: what can be spent, what is asked, and the answers."""

from enum import StrEnum


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
    """What a plan limits. `ai_budget` is in `Unit.AI_USD`, `storage_bytes` in bytes, the window in days."""

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
