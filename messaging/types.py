"""Values that cross the doors of messaging."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class DeliveryState(StrEnum):
    """Where a delivery stands; see docs/glossary.md. No state claims what has not happened."""

    HELD = "held"
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    UNCERTAIN = "uncertain"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNSENT = "unsent"


class CreditState(StrEnum):
    """What became of the credit that pays for a delivery; empty for one that costs none.

    Wanted: there was none, the row is held until there is. Settled: it was sent. Released: it was not, the credit is
    back.
    """

    WANTED = "wanted"
    RESERVED = "reserved"
    SETTLED = "settled"
    RELEASED = "released"


class DeadLetterDeed(StrEnum):
    """What staff do with dead letters: queue them again, or take them off the list for good."""

    RETRY = "retry"
    DISCARD = "discard"


@dataclass(frozen=True, slots=True)
class DeadFilter:
    """Which dead letters are meant; what is empty narrows nothing."""

    cause: str = ""
    workspace_pk: int | None = None
    account_pk: int | None = None


class AuthorKind(StrEnum):
    HUMAN = "human"
    API = "api"
    CAMPAIGN = "campaign"
    PLATFORM = "platform"
    UNKNOWN = "unknown"


class Direction(StrEnum):
    INBOUND = "in"
    OUTBOUND = "out"


class SignalKind(StrEnum):
    """What a fan did with money, as the platform told us; revenue is booked from transactions, not from these."""

    PURCHASE = "purchase"
    TIP = "tip"


class CampaignState(StrEnum):
    """Where a campaign stands."""

    DRAFT = "draft"
    AWAITING_APPROVAL = "awaiting_approval"
    SCHEDULED = "scheduled"
    PLANNING = "planning"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"
    UNSENDING = "unsending"
    UNSENT = "unsent"


class UnsendOutcome(StrEnum):
    """What came of withdrawing one sent message of a campaign. `unknown`: sent for all that a person has seen, but
    nobody knows its id on the platform, so that it could not be asked for."""

    REMOVED = "removed"
    TOO_LATE = "too_late"
    BOUGHT = "bought"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CampaignDraft:
    """A campaign as its editor wants it; `include` and `exclude` name lists, segments and fans by public id."""

    name: str
    language: str
    text: str
    price: Decimal
    is_locked_text: bool
    media_ids: tuple[str, ...]
    include: tuple[dict[str, str], ...]
    exclude: tuple[dict[str, str], ...]
    in_conversation_minutes: int | None
    recent_campaign_hours: int | None
    same_text_days: int | None
    same_media_days: int | None
    most_recipients: int | None
    most_per_hour: int | None
    most_per_day: int | None
    scheduled_for: datetime | None
    timezone: str
    priority: int


@dataclass(frozen=True, slots=True)
class SendCommand:
    """One message to queue. `price` is in the platform's currency, None or 0 for a free message."""

    recipient_id: str
    content: str
    priority: int = 5
    account_id: str | None = None
    scheduled_at: datetime | None = None
    price: Decimal | None = None
    is_locked_text: bool = False
    media_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recipient:
    """The fan that a message is for, with what queueing needs of the rows around: integer keys and public ids.

    `conversation_pk` is None where nothing has been said yet.
    """

    workspace_pk: int
    account_pk: int
    account_id: str
    platform: str
    fan_pk: int
    fan_id: str
    can_receive: bool
    conversation_pk: int | None


@dataclass(frozen=True, slots=True)
class Queued:
    """The receipt of a queued message; `estimated_send_at` follows from the queue before it and the limit."""

    message_id: str
    state: DeliveryState
    queued_at: datetime
    estimated_send_at: datetime


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message as a gateway needs it. `key` is the idempotency key and never changes over attempts."""

    key: str
    account_external_id: str
    fan_external_id: str
    text: str
    price: Decimal
    is_locked_text: bool
    media_ids: tuple[str, ...]
    trace_id: str
    first_attempt_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The platform's word that it has the message."""

    platform_message_id: str
    was_replayed: bool = False


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """Figures of some accounts and their queues; `able` are the keys of those accounts that may send.

    Rows are counted to at most 10,001 over all accounts; beyond, `last_promise_at` says how far the queue reaches.
    """

    accounts: int
    connected: int
    able: tuple[int, ...]
    depth: int
    longest_account_depth: int
    in_flight: int
    dead_letters: int
    uncertain: int
    scheduled: int
    last_sent_at: datetime | None
    first_promise_at: datetime | None
    last_promise_at: datetime | None
    is_stopped: bool
    is_unpaid: bool
    is_short_of_credits: bool
