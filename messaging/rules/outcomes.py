"""What follows from each outcome of an attempt: the next state, the next time, and what happens to the slot."""

from collections.abc import Iterable
from dataclasses import dataclass

from huntaze.platforms.errors import Permanent, PlatformError, Transient, Uncertain
from messaging.rules.throttling import Refusals
from messaging.types import DeliveryState, Receipt

#: Seconds before attempts 2 to 5 (then the row is a dead letter); each is spread by ± 10 %.
RETRY_DELAYS = (1.0, 2.0, 5.0, 15.0)
SPREAD = 0.1
#: Refusals that say nothing about the message: they don't use up an attempt.
FREE_CODES = frozenset({"rate_limited", "team_rate_limited", "still_running", "reauthenticating"})
_ACCOUNT_WAITS = frozenset({"rate_limited", "reauthenticating"})
#: Refusals that are about the account or our key: the row stays queued and the account waits.
ACCOUNT_STATES = {"account_gone": "disconnected", "session_expired": "expired"}
#: Refusals of our own key or purse: nothing can be sent for anybody until the operator acts.
TEAM_CODES = frozenset({"team_key", "credits"})
TEAM_HOLD_SECONDS = 60.0
#: A refusal for too many calls that did not say how long.
ASK_AGAIN_SECONDS = 30.0
#: What the breaker is told of a refusal that concerns us and not one message: it opens at once.
TEAM_REASONS = {"team_key": "auth", "credits": "quota"}
#: Outcomes that speak against the vendor's service as a whole; a refusal is the service working.
VENDOR_TROUBLE = frozenset(
    {
        "dns", "connection_refused", "connect_timeout", "tls", "connect", "timeout", "disconnected", "reset",
        "truncated", "unreadable", "too_large", "not_sent", "server_error", "outcome_unknown", "unexpected",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """`delay` is seconds until the row is due again (None: not by itself); `hold_account` and `hold_all` are seconds
    for which the account, or everybody, sends nothing."""

    state: DeliveryState
    code: str = ""
    platform_message_id: str = ""
    delay: float | None = None
    counts_attempt: bool = True
    is_slot_used: bool = True
    hold_account: float | None = None
    hold_all: float | None = None
    account_state: str | None = None
    lookup: bool = False


def of_receipt(receipt: Receipt) -> Outcome:
    return Outcome(DeliveryState.SENT, platform_message_id=receipt.platform_message_id)


def of_error(error: PlatformError, *, attempts: int, spread: float, lookup_after: float) -> Outcome:
    """`attempts` includes this one; `spread` is a random number in -1 … 1."""
    if isinstance(error, Uncertain):
        return Outcome(DeliveryState.UNCERTAIN, error.code, delay=lookup_after, lookup=True)
    if isinstance(error, Permanent):
        return _of_permanent(error)
    assert isinstance(error, Transient)
    return _of_transient(error, attempts, spread)


def _of_permanent(error: Permanent) -> Outcome:
    if error.code in ACCOUNT_STATES:
        state = ACCOUNT_STATES[error.code]
        return Outcome(DeliveryState.QUEUED, error.code, counts_attempt=False, account_state=state)
    if error.code in TEAM_CODES:
        return Outcome(DeliveryState.QUEUED, error.code, counts_attempt=False, hold_all=TEAM_HOLD_SECONDS)
    return Outcome(DeliveryState.FAILED, error.code)


def _of_transient(error: Transient, attempts: int, spread: float) -> Outcome:
    if error.code in FREE_CODES:
        wait = error.retry_after or ASK_AGAIN_SECONDS
        return Outcome(
            DeliveryState.SCHEDULED,
            error.code,
            delay=wait,
            counts_attempt=False,
            hold_account=wait if error.code in _ACCOUNT_WAITS else None,
            hold_all=wait if error.code == "team_rate_limited" else None,
        )
    used = error.is_on_wire
    if attempts > len(RETRY_DELAYS):
        return Outcome(DeliveryState.FAILED, error.code, is_slot_used=used)
    delay = max(RETRY_DELAYS[attempts - 1] * (1 + SPREAD * spread), error.retry_after or 0.0)
    return Outcome(DeliveryState.SCHEDULED, error.code, delay=delay, is_slot_used=used)


def shared_wait(refusals: Iterable[tuple[int, PlatformError]]) -> float:
    """Seconds for which everybody waits after calls that belong to no message, by account; 0 when nobody does."""
    seen, wait = Refusals(), 0.0
    for account, error in refusals:
        told = error.retry_after if isinstance(error, Transient) else None
        if error.code in TEAM_CODES:
            wait = max(wait, TEAM_HOLD_SECONDS)
        elif error.code == "team_rate_limited":
            wait = max(wait, told or ASK_AGAIN_SECONDS)
        elif error.code == "rate_limited":
            wait = max(wait, seen.note(account, told or ASK_AGAIN_SECONDS, 0.0) or 0.0)
    return wait


#: Repeats with the same key after an uncertain outcome; afterwards a person decides.
MOST_REPLAYS = 3
#: Note on a repeat that was withdrawn: the first attempt may have arrived all the same, but nothing more is sent.
WITHDRAWN = "withdrawn"
#: After these nothing is repeated by itself.
_NEVER_REPEATED = frozenset({"outcome_unknown", WITHDRAWN})


def may_replay(*, code: str, replays: int, is_within_key_life: bool, keeps_keys: bool = True) -> bool:
    """Whether a message that the chat does not show may be sent again with its key.

    A server error that did not say what happened is not stored under the key, so a repeat could double the message;
    no answer at all leaves the key with the platform, and a repeat is answered from it. What a person has withdrawn is
    looked up, so that it is not called cancelled when it arrived, and never sent again by itself. A platform that
    keeps no keys makes every repeat a risk, so there a person decides.
    """
    return keeps_keys and code not in _NEVER_REPEATED and replays < MOST_REPLAYS and is_within_key_life


def unreadable() -> Outcome:
    """The stored text can't be opened with the keys that we have; nothing went on the wire."""
    return Outcome(DeliveryState.FAILED, "text_unreadable", is_slot_used=False)


def unsettleable() -> Outcome:
    """The answer can't be written down as it is: a person looks."""
    return Outcome(DeliveryState.UNCERTAIN, "unsettleable")


def never_sent() -> Outcome:
    """Claimed, but its time ran out before it went on the wire."""
    return Outcome(DeliveryState.QUEUED, counts_attempt=False, is_slot_used=False)
