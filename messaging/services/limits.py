"""The send limiter with the installation's figures, and the nudges to it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import structlog
from django.conf import settings
from redis.exceptions import RedisError

from huntaze.kernel import metrics
from huntaze.kernel.limiter import Lane, Limit, Limiter, LogLost, Outlook
from huntaze.kernel.outbox import assert_no_transaction
from huntaze.kernel.tenancy import cross_workspace
from huntaze.platforms.errors import PlatformError
from messaging.rules import outcomes
from messaging.selectors.slots import occupancy
from messaging.services.sending import upkeep

log = structlog.get_logger(__name__)


def limit() -> Limit:
    return Limit(
        count=settings.SEND_LIMIT_COUNT,
        window=settings.SEND_LIMIT_WINDOW_SECONDS,
        lease=settings.SEND_LEASE_SECONDS,
    )


def limiter() -> Limiter:
    return Limiter(limit())


def poke(wishes: Iterable[tuple[int, Lane]]) -> None:
    """Say that accounts have something to send. Redis being away costs time only: the sweep says it again."""
    try:
        limiter().poke(wishes)
    except RedisError:
        log.warning("messaging.nudge.lost")


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a new message of an account meets: the slots, and how many messages leave first (counted to COUNTED).

    Where Redis can't tell what holds the account up, `is_known` is False and nothing is assumed to.
    """

    outlook: Outlook
    before: int
    is_known: bool


def prospect(
    account_pk: int, *, lane: Lane | None = None, priority: int = 0, known: Outlook | None = None
) -> Prospect:
    """The account's slots as they are now, and what is before a new message of this lane and priority.

    What is used is read from the rows: the limiter's log also holds slots that were granted a moment ago and may come
    back unused. What holds the account up (the platform's own wish, the pace of bulk) is the limiter's. Never inside a
    transaction: a slow Redis would hold its rows; `known` is what the caller has just been told.
    """
    seen = known or _asked(account_pk)
    found = occupancy([account_pk], window=limit().window, lane=lane, priority=priority)[account_pk]
    held_for, paced_for = (seen.held_for, seen.paced_for) if seen else (0.0, 0.0)
    return Prospect(Outlook(found.releases, held_for, paced_for), found.before, seen is not None)


def _asked(account_pk: int) -> Outlook | None:
    assert_no_transaction()
    try:
        return limiter().peek(account_pk)
    except RedisError:
        return None


def outlook(account_pk: int) -> Outlook | None:
    """The account's slots as they are now; None when Redis can't tell. Never inside a transaction."""
    found = prospect(account_pk)
    return found.outlook if found.is_known else None


def outlooks(account_pks: Sequence[int]) -> dict[int, Outlook | None]:
    """`outlook` of many accounts in one query."""
    found = occupancy(account_pks, window=limit().window)
    try:
        seen = dict(zip(account_pks, limiter().peeks(account_pks), strict=True)) if account_pks else {}
    except RedisError:
        return dict.fromkeys(account_pks)
    return {pk: Outlook(found[pk].releases, one.held_for, one.paced_for) for pk, one in seen.items()}


def may_ask() -> bool:
    """Whether the platform may be called beside the messages: not while it has had enough of all of us, nor while
    Redis can't tell."""
    assert_no_transaction()
    try:
        return limiter().wait_of_all() <= 0
    except RedisError:
        return False


def heed(refusals: Iterable[tuple[int, PlatformError]]) -> None:
    """Calls beside the messages, by account, that were refused: a limit that everybody shares holds everybody."""
    wait = outcomes.shared_wait(refusals)
    if wait <= 0:
        return
    try:
        limiter().wait_of_all(more=wait)
    except RedisError:
        log.warning("messaging.hold.lost")


def rebuild(lost: LogLost) -> bool:
    """Make the limiter's log again from the rows of record; True when this caller did it."""
    ours = limiter()
    if not ours.may_rebuild(lost.run_id):
        return False
    ours.wait_for_claims()
    with cross_workspace("rebuild limiter"):
        slots = upkeep.slots_in_use(window=ours.limit.window, lease=ours.limit.lease)
        done = ours.rebuild(lost.run_id, slots, upkeep.wishes())
    metrics.LIMITER_REBUILDS.labels("done" if done else "superseded").inc()
    log.info("messaging.limiter.rebuilt", slots=len(slots))
    return done
