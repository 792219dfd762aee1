"""Circuit breakers of sending: one for the vendor, one for each account, so that one account's trouble stays its own.

An open account breaker leaves the account's queue queued, because the limiter holds the account; when its time has come
one message goes as the probe. An account without a recent failure is not looked at: a settle costs one call in all, and
no call at all while nothing fails.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import structlog
from redis.exceptions import RedisError

from huntaze.kernel import breaker
from huntaze.kernel.breaker_parts import PROBING_SECONDS, Parts, Verdict
from huntaze.kernel.breaker_rules import Limits, State
from huntaze.kernel.health import Outcome as Checked
from huntaze.kernel.health import Status
from huntaze.kernel.limiter import Grant
from huntaze.platforms.onlyfansapi import VENDOR
from messaging.rules import outcomes

log = structlog.get_logger(__name__)

#: Failures of fewer accounts than this say nothing about the vendor: their own breakers open.
MANY_ACCOUNTS = 3
LIMITS = Limits()
#: Thousands share the vendor, and time-outs end together: a run of failures says nothing there, their share does.
VENDOR_LIMITS = Limits(in_a_row=2**31)


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one call: the account, the outcome's code (empty when sent), how long it took in ms."""

    account: int
    code: str
    latency_ms: float

    @property
    def is_ok(self) -> bool:
        return self.code not in outcomes.VENDOR_TROUBLE


@dataclass(slots=True)
class Sorted:
    """Grants that may be used, those to give back, accounts to hold (seconds), and accounts whose probe we have."""

    kept: list[Grant] = field(default_factory=list)
    returned: list[Grant] = field(default_factory=list)
    held: list[tuple[int, float]] = field(default_factory=list)
    probing: list[int] = field(default_factory=list)


def accounts() -> Parts:
    return Parts(VENDOR, limits=LIMITS)


def tell(tried: Sequence[Tried], *, has_trouble: bool) -> dict[int, float]:
    """Take in calls in the order in which they ended; returns the accounts to hold and for how many seconds.

    `has_trouble` says whether any of these failed, or any account had a record of failure a moment ago: if not, the
    accounts' breakers are told nothing. Never raises for Redis: what is forgotten is one batch's experience.
    """
    open_now: dict[int, float] = {}
    if has_trouble:
        try:
            open_now = accounts().tell((call.account, call.is_ok) for call in tried)
        except RedisError:
            log.warning("messaging.circuit.not_told", count=len(tried))
    _tell_vendor(tried)
    return open_now


def _tell_vendor(tried: Sequence[Tried]) -> None:
    """What the vendor's service was like; a refusal of our own key or purse opens the breaker at once."""
    reasons = {outcomes.TEAM_REASONS[call.code] for call in tried if call.code in outcomes.TEAM_REASONS}
    for reason in sorted(reasons):
        breaker.record(VENDOR, False, reason=reason)
    if not reasons:
        results = [(call.is_ok, call.latency_ms) for call in tried]
        breaker.record_all(VENDOR, results, least_failing_parts=MANY_ACCOUNTS, limits=VENDOR_LIMITS)


def sort(grants: Iterable[Grant]) -> Sorted:
    """Which grants may be used: none of an account whose breaker is open, one slot of one that is to be probed."""
    grants = list(grants)
    verdicts = accounts().admit(sorted({grant.account for grant in grants}))
    found = Sorted(
        held=[(account, _wait(verdict)) for account, verdict in verdicts.items() if not verdict.may_probe]
    )
    for grant in grants:
        verdict = verdicts.get(grant.account)
        if verdict is None:
            found.kept.append(grant)
        elif verdict.may_probe and grant.account not in found.probing:
            found.probing.append(grant.account)
            found.kept.append(_cut(grant, slice(0, 1)))
            if len(grant.slots) > 1:
                found.returned.append(_cut(grant, slice(1, None)))
        else:
            found.returned.append(grant)
    return found


def _wait(verdict: Verdict) -> float:
    """While the probe is in flight the account waits a little only, so that its success lets the others go soon."""
    return min(verdict.wait, PROBING_SECONDS) if verdict.state is State.HALF_OPEN else verdict.wait


def _cut(grant: Grant, part: slice) -> Grant:
    return Grant(grant.account, grant.lane, grant.sequence, grant.slots[part])


def troubled(account_pks: Sequence[int]) -> frozenset[int]:
    """The accounts among these whose breaker is not closed; none while Redis can't tell."""
    try:
        return frozenset(accounts().verdicts(list(account_pks)))
    except RedisError:
        return frozenset()


def check() -> Checked:
    """For health: degraded while any account's breaker is open."""
    count = len(accounts().not_closed())
    return Checked(Status.DEGRADED if count else Status.HEALTHY, {"accountsHeldBack": count})
